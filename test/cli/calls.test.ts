import { expect } from 'chai';
import type { CallEntry } from '../../src/cli/calls/call-entries.ts';
import { hcalls } from '../../src/hcall/index.ts';
import { checks, FIELDS, fieldNames, profileNames, profiles, ultracalls } from '../../src/ultravisor/index.ts';
import { svmSim } from './stand-in-io.ts';

const json = async (...argv: readonly string[]): Promise<unknown> => JSON.parse((await svmSim(...argv, '--json')).out);
const all = [...hcalls.values(), ...ultracalls.values()];

describe('svm-sim calls', () => {
  it('lists every hypercall and ultracall', async () => {
    const { status, out } = await svmSim('calls');
    expect(status).to.equal(0);
    for (const { name, number } of all) expect(out).to.match(new RegExp(`0x${number.toString(16).toUpperCase()} +${name} `));
    expect(await json('calls')).to.have.length(all.length);
  });

  for (const way of ['UV_PAGE_IN', 'uv_page_in', '0xF128', '0xf128', 'f128', 'F128', '61736']) {
    it(`knows a call by ${way}`, async () => expect(((await json('calls', way)) as CallEntry).name).to.equal('UV_PAGE_IN'));
  }

  it('takes digits for hexadecimal where that is a call, and for decimal where only that is', async () => {
    expect(((await json('calls', '300')) as CallEntry).name).to.equal('H_RANDOM');
    expect(((await json('calls', '768')) as CallEntry).name).to.equal('H_RANDOM');
  });

  it('shows arguments, codes with numbers, who may call, profiles and source', async () => {
    const { out } = await svmSim('calls', 'UV_PAGE_INVAL');
    expect(out).to.match(/^UV_PAGE_INVAL \(0xF138\), ultracall\n/);
    expect(out).to.match(/who may call +the hypervisor \(HV=1, PR=0\)/);
    expect(out).to.match(/gpa +r5 +gpa\n/);
    expect(out).to.match(/U_P2 +-55 +gpa lies in no memory slot \(documented\)\n/);
    expect(out).to.match(/U_P3 +-56 +gpa lies in no memory slot \(published, published-as-built, hardened\)\n/);
    expect(out).to.match(/pageInvalBadGpa +U_P2 +U_P3 +U_P3/);
    expect(out).to.contain('core/svm_host.c');
  });

  it('says of a hypercall what becomes of it when an SVM makes it', async () => {
    expect((await svmSim('calls', 'H_TPM_COMM')).out).to.contain('not in the table of reflected calls');
    expect((await svmSim('calls', 'H_SVM_PAGE_IN')).out).to.contain('the hypervisor sees r3 to r6, the SVM gets back r3');
  });

  it('says of U_NO_KEY that it has no published number', async () =>
    expect((await svmSim('calls', 'UV_ESM')).out).to.match(/U_NO_KEY +no published number/));

  for (const [wrong, right] of [
    ['UV_PAGEIN', 'UV_PAGE_IN'],
    ['H_TPM_COM', 'H_TPM_COMM'],
    ['0xf129', 'UV_PAGE_IN (0xF128)'],
  ] as const) {
    it(`${wrong}: exit status 2, and ${right} is named`, async () => {
      const { status, out, err } = await svmSim('calls', wrong);
      expect([status, out]).to.deep.equal([2, '']);
      expect(err).to.contain(right);
    });
  }
});

describe('svm-sim profiles', () => {
  it('shows every field, check and weakness beside each other', async () => {
    const { status, out } = await svmSim('profiles');
    expect(status).to.equal(0);
    for (const field of fieldNames) expect(out).to.contain(field);
    for (const check of checks.keys()) expect(out).to.contain(check);
    expect(out).to.contain('open; closed in hardened by page-in-requested');
  });

  for (const name of profileNames) {
    it(`${name}: each field with reason and source`, async () => {
      const { out } = await svmSim('profiles', name.toUpperCase());
      for (const field of fieldNames) expect(out).to.contain(`${field}: ${String(profiles[name]?.[field])}`);
      expect(out.match(/source: /g)).to.have.length(fieldNames.length);
    });
  }

  it('as JSON', async () => {
    const { fields, weaknesses } = (await json('profiles')) as { fields: unknown[]; weaknesses: unknown[] };
    expect(fields).to.have.length(fieldNames.length);
    expect(weaknesses.length).to.be.at.least(31);
  });

  it('an unknown one: exit status 2 and the nearest name', async () => {
    const { status, err } = await svmSim('profiles', 'hardend');
    expect(status).to.equal(2);
    expect(err).to.contain('Did you mean hardened?');
  });
});

describe('what governs a call', () => {
  it('fields and checks name calls that there are', () => {
    const names = new Set(all.map(({ name }) => name));
    const governed = [...fieldNames.flatMap(field => FIELDS[field].calls), ...[...checks.values()].flatMap(({ calls }) => calls)];
    expect(governed.filter(name => !names.has(name))).to.deep.equal([]);
  });

  it('a field that a profile overrides has another value there than the published code has', () => {
    for (const field of fieldNames) {
      const { published, documented, hardened } = FIELDS[field];
      for (const own of [documented, hardened]) if (own) expect(own.is, field).not.to.equal(published.is);
    }
  });
});
