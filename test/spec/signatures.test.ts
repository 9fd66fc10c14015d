import { expect } from 'chai';
import { hcalls } from '../../src/hcall/index.ts';
import * as spec from '../../src/spec/index.ts';
import { ultracalls } from '../../src/ultravisor/index.ts';

interface Signature {
  readonly number: number;
  readonly name: string;
}
const isSignature = (value: unknown): value is Signature =>
  typeof value === 'object' && value !== null && 'number' in value && 'in' in value;
const signatures: readonly Signature[] = (Object.values(spec) as readonly unknown[]).filter(isSignature);

describe('the signatures of calls', () => {
  it('have a handler each, and no handler is without one', () => {
    const answered = [...hcalls.values(), ...ultracalls.values()].map(({ number, name }) => ({ number, name }));
    const byNumber = (one: Signature, other: Signature): number => one.number - other.number;
    expect(signatures.map(({ number, name }) => ({ number, name })).sort(byNumber)).to.deep.equal(answered.sort(byNumber));
    expect(signatures.length).to.be.greaterThan(30);
  });

  it('are exported by the names of their calls', () => {
    for (const [name, value] of Object.entries<unknown>({ ...spec })) if (isSignature(value)) expect(value.name).to.equal(name);
  });

  it('give the Ultravisor its counts: a call with counts is in its table, under its name', () => {
    const counted = [...spec.hypercallSignatures.values()].filter(({ counts }) => counts);
    expect(counted.length).to.be.greaterThan(10);
    for (const { number, name, counts } of counted) expect(spec.HCALL_COUNTS.get(number)).to.deep.equal({ name, ...counts });
    expect(spec.HCALL_COUNTS.has(spec.H_TPM_COMM.number), 'H_TPM_COMM is not in the table').to.equal(false);
    expect([...spec.HCALL_COUNTS.keys()]).to.deep.equal([...spec.HCALL_COUNTS.keys()].sort((one, other) => one - other));
  });
});
