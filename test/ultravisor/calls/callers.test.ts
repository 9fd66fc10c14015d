import { expect } from 'chai';
import { MSR } from '../../../src/hcall/index.ts';
import { U, type UName } from '../../../src/spec/index.ts';
import { profileNames, profiles } from '../../../src/ultravisor/index.ts';
import { profileNamed, TestBench } from '../../helpers/machine.ts';

const UV_ESM = 0xf110;
const value = (name: UName): number => U[name.slice(2) as keyof typeof U];

for (const name of profileNames) {
  const documentedArguments = profileNamed(name).esmZeroArguments === 'U_PARAMETER, U_P2';
  describe(`UV_ESM's entry checks, profile ${name} (docs/reference/pef.md#entry-checks-of-uv_esm)`, () => {
    const refused = async (arrange: (bench: TestBench) => [kbase: bigint, fdt: bigint]): Promise<number> => {
      const bench = await TestBench.create({ profile: name });
      const [kbase, fdt] = arrange(bench);
      const r3 = await bench.sc2(UV_ESM, kbase, fdt);
      expect(bench.uv.svms.size, 'nothing was made').to.equal(0);
      expect(bench.of('hcall.call'), 'the hypervisor learns nothing').to.deep.equal([]);
      return r3;
    };
    const args = ({ guest: { layout } }: TestBench): [bigint, bigint] => [layout.kernel, layout.fdt];
    const withMsr =
      (bit: bigint) =>
      (bench: TestBench): [bigint, bigint] => {
        bench.vcpu.regs.msr |= bit;
        return args(bench);
      };

    it('from problem state: U_PERMISSION', async () => expect(await refused(withMsr(MSR.PR))).to.equal(U.PERMISSION));
    it('from the hypervisor: U_PERMISSION', async () => expect(await refused(withMsr(MSR.HV))).to.equal(U.PERMISSION));
    it('caller is tested before the arguments', async () => {
      const r3 = await refused(bench => {
        withMsr(MSR.PR)(bench);
        return [0n, 0n];
      });
      expect(r3).to.equal(U.PERMISSION);
    });
    it(`kbase 0: ${documentedArguments ? 'U_PARAMETER' : 'U_P2'}`, async () => {
      expect(await refused(bench => [0n, args(bench)[1]])).to.equal(value(documentedArguments ? 'U_PARAMETER' : 'U_P2'));
    });
    it(`fdt 0: ${documentedArguments ? 'U_P2' : 'U_P3'}`, async () => {
      expect(await refused(bench => [args(bench)[0], 0n])).to.equal(value(documentedArguments ? 'U_P2' : 'U_P3'));
    });
    it('LPID 0: U_PERMISSION', async () => {
      const r3 = await refused(bench => {
        bench.vcpu.regs.lpidr = 0n;
        return args(bench);
      });
      expect(r3).to.equal(U.PERMISSION);
    });
    const again = profileNamed(name).esmWhenSecure;
    it(`secure already: ${again}, and the SVM goes on`, async () => {
      const bench = await TestBench.secure({ profile: name });
      expect(await bench.sc2(UV_ESM, ...args(bench))).to.equal(value(again));
      expect(bench.uv.svm(1)?.phase).to.equal('SECURE');
    });
  });
}

describe('ultracalls are for those whom docs/reference/pef.md#ultracall-convention names', () => {
  const HYPERVISOR = [
    0xf104, 0xf108, 0xf10c, 0xf114, 0xf118, 0xf11c, 0xf120, 0xf124, 0xf128, 0xf12c, 0xf138, 0xf13c, 0xf144, 0xf148, 0xf150,
  ];
  const SVM = [0xf130, 0xf134, 0xf140];

  for (const [mode, bits] of [
    ['a secure kernel', 0n],
    ['problem state', MSR.PR],
    ['host problem state', MSR.PR | MSR.HV],
  ] as const) {
    it(`the hypervisor's calls from ${mode}: U_PERMISSION`, async () => {
      const bench = await TestBench.secure();
      bench.vcpu.regs.msr |= bits;
      for (const number of HYPERVISOR) expect(await bench.sc2(number), `0x${number.toString(16)}`).to.equal(U.PERMISSION);
    });
  }

  it("an SVM's calls from its user space and from the hypervisor: U_PERMISSION", async () => {
    const bench = await TestBench.secure();
    for (const bit of [MSR.PR, MSR.HV]) {
      bench.vcpu.regs.msr |= bit;
      for (const number of SVM) expect(await bench.sc2(number)).to.equal(U.PERMISSION);
      bench.vcpu.regs.msr &= ~bit;
    }
  });

  for (const name of profileNames) {
    it(`an SVM's calls from a normal VM, ${name}: ${profiles[name]?.notSecure}`, async () => {
      const bench = await TestBench.create({ profile: name });
      for (const number of SVM) expect(await bench.sc2(number)).to.equal(value(profileNamed(name).notSecure));
    });
  }

  it('a number that is no ultracall: U_FUNCTION, also with high bits set', async () => {
    const bench = await TestBench.create();
    expect(await bench.sc2(0xf154)).to.equal(U.FUNCTION);
    expect(await bench.sc2(0xf100)).to.equal(U.FUNCTION);
    bench.vcpu.set(3, (1n << 60n) | 0xf110n);
    await bench.host.ultracalls.ultracall(bench.vcpu);
    expect(bench.vcpu.get(3)).to.equal(BigInt.asUintN(64, BigInt(U.FUNCTION)));
  });
});
