import { expect } from 'chai';
import { hcalls, MSR } from '../../src/hcall/index.ts';
import { H, H_MEANING, hName, r, showRegister, tableOf } from '../../src/spec/index.ts';
import { machine, recordOf } from './machine.ts';

const H_RANDOM = 0x300;

describe('hypercalls', () => {
  for (const number of [0, 2, 0xeeff, 0xef0d, 0xef11, 0xef84, 0xf110, (1n << 53n) + 0xef10n, 2n ** 64n - 1n]) {
    it(`0x${number.toString(16)} is unknown: H_FUNCTION, and r4 stays`, async () => {
      const { hypercall, vcpu } = machine();
      expect(await hypercall(number, 1)).to.equal(H.FUNCTION);
      expect(vcpu.get(4)).to.equal(1n);
    });
  }

  it('are those of the table that the hypervisor is given', async () => {
    const { hypercall } = machine({ calls: new Map([...hcalls].filter(([number]) => number !== H_RANDOM)) });
    expect(await hypercall(H_RANDOM)).to.equal(H.FUNCTION);
    expect(await machine().hypercall(H_RANDOM)).to.equal(H.SUCCESS);
  });

  it('from problem state get H_PRIVILEGE, whatever the number', async () => {
    const { hypercall, vcpu } = machine();
    vcpu.regs.msr |= MSR.PR;
    expect(await hypercall(0xef10, 1)).to.equal(H.PRIVILEGE);
    expect(await hypercall(0x1234)).to.equal(H.PRIVILEGE);
  });

  it('H_RANDOM gives the same numbers again after a restore', async () => {
    const { hypercall, hypervisor, vcpu } = machine({ pef: true });
    const drawn = async (): Promise<bigint> => {
      expect(await hypercall(H_RANDOM)).to.equal(H.SUCCESS);
      return vcpu.get(4);
    };
    await drawn();
    const before = structuredClone(hypervisor.snapshot());
    const once = [await drawn(), await drawn()];
    hypervisor.restore(before);
    expect([await drawn(), await drawn()]).to.deep.equal(once);
    expect(once[0]).not.to.equal(once[1]);
  });

  it('of a provider that the machine does not have get H_FUNCTION', async () => {
    for (const { number, provider } of hcalls.values()) {
      if (provider === 'kvm-pef') expect(await machine({ pef: false }).hypercall(number)).to.equal(H.FUNCTION);
    }
  });

  it('change no register but r3 and their outputs', async () => {
    const { vcpu, execute, hypercall } = machine();
    for (let n = 0; n < 32; n++) vcpu.set(n, 0x1111n * BigInt(n));
    for (const call of [() => execute(), () => execute({ in_size: 5000n }), () => hypercall(0x7777)]) {
      await call();
      const after = vcpu.saved();
      expect(after.gpr.slice(9)).to.deep.equal(Array.from({ length: 23 }, (_, i) => 0x1111n * BigInt(i + 9)));
    }
  });

  it('are recorded with arguments by name, result and outputs', async () => {
    const { execute, ...rest } = machine();
    const events = recordOf(rest);
    await execute();
    const [call, ...others] = events;
    const result = others.at(-1);
    expect(call).to.deep.include({ kind: 'hcall.call', actor: 'guest', lpid: 1 });
    expect(call?.data).to.deep.include({
      args: { op: 1n, in_buffer: 0x40_0000n, in_size: 12n, out_buffer: 0x50_0000n, out_size: 4096n },
    });
    expect(result?.data).to.deep.include({ name: 'H_TPM_COMM', outcome: 'returns', r3: 0n, r3Name: 'H_SUCCESS', out: { size: 10n } });
    expect(result?.cause).to.equal(call?.seq);
  });
});

describe('the table of hypercalls', () => {
  it('refuses a number that is used twice', () => {
    const call = { number: 4, name: 'A' };
    expect(() => tableOf({ call, other: { number: 4, name: 'B' } })).to.throw('B and A both have number 0x4');
  });

  for (const call of hcalls.values()) {
    it(`${call.name}: source, one sentence, and no register twice`, () => {
      expect(call.about).to.match(/^[A-Z].*\.$/);
      expect(call.source).not.to.equal('');
      const registers = Object.values(call.in).map(use => (use as { register: number }).register);
      expect(new Set(registers).size).to.equal(registers.length);
    });
  }

  it('has a meaning for every code, and a name for every number', () => {
    for (const [name, code] of Object.entries(H)) {
      expect(H_MEANING).to.have.property(name);
      expect(hName(code)).to.equal(`H_${name}`);
      expect(hName(BigInt.asUintN(64, BigInt(code)))).to.equal(`H_${name}`);
    }
    expect(hName(-12345)).to.equal(undefined);
  });

  it('shows registers in their units', () => {
    expect(showRegister(r(5, 'gpa'), 0x40_0000n)).to.equal('0x400000');
    expect(showRegister(r(6, 'bytes'), 12n)).to.equal('12 bytes');
    expect(showRegister(r(4, { EXECUTE: 1 }), 1n)).to.equal('EXECUTE');
    expect(showRegister(r(4, { EXECUTE: 1 }), 2n ** 64n - 4n)).to.equal('-4');
  });
});
