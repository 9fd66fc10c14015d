import { expect } from 'chai';
import { MSR, SECURE_GUEST } from '../../../src/hcall/index.ts';
import { H } from '../../../src/spec/index.ts';
import { TestBench } from '../../helpers/machine.ts';
import { editTree, refuse } from '../tampering.ts';

const [PAGE_IN, PAGE_OUT, INIT_START, INIT_DONE, INIT_ABORT] = [0xef00, 0xef04, 0xef08, 0xef0c, 0xef14];
const GPA = 0x60_0000n;

/** A hypercall as the Ultravisor makes it: S in SRR1. The hypervisor's result. */

describe('hypercalls of the hypervisor for secure VMs (docs/reference/pef.md#the-hypervisors-view)', () => {
  it('of a VM without S: H_UNSUPPORTED', async () => {
    const bench = await TestBench.create();
    for (const number of [PAGE_IN, PAGE_OUT, INIT_START, INIT_DONE]) expect(await bench.sc1(number, GPA, 0, 16)).to.equal(H.UNSUPPORTED);
    expect(await bench.sc1(INIT_ABORT), 'not started').to.equal(H.UNSUPPORTED);
  });

  it('before H_SVM_INIT_START: H_UNSUPPORTED', async () => {
    const bench = await TestBench.create();
    const codes: number[] = [];
    bench.adversary.onHypercall = async ({ number }) => {
      if (number !== BigInt(INIT_START)) return null;
      bench.adversary.onHypercall = null;
      for (const early of [PAGE_IN, PAGE_OUT, INIT_DONE]) codes.push((await bench.fromUv(early, GPA, 0, 16)).r3);
      return null;
    };
    await bench.guest.enterSecureMode();
    expect(codes).to.deep.equal([H.UNSUPPORTED, H.UNSUPPORTED, H.UNSUPPORTED]);
  });

  it('arguments: order H_P3, flags H_P2, address H_PARAMETER', async () => {
    const bench = await TestBench.secure();
    for (const number of [PAGE_IN, PAGE_OUT]) {
      expect((await bench.fromUv(number, GPA, 0, 12)).r3).to.equal(H.P3);
      expect((await bench.fromUv(number, GPA, 2, 16)).r3).to.equal(H.P2);
      expect((await bench.fromUv(number, 1n << 40n, 0, 16)).r3).to.equal(H.PARAMETER);
    }
    expect((await bench.fromUv(PAGE_OUT, GPA, 1, 16)).r3).to.equal(H.P2);
    expect((await bench.fromUv(PAGE_IN, GPA, 0, 16)).r3, 'in secure memory already').to.equal(H.PARAMETER);
  });

  it('H_SVM_PAGE_OUT of a page that is out already: H_SUCCESS', async () => {
    const bench = await TestBench.secure();
    expect((await bench.fromUv(PAGE_OUT, GPA, 0, 16)).r3).to.equal(H.SUCCESS);
    expect((await bench.fromUv(PAGE_OUT, GPA, 0, 16)).r3).to.equal(H.SUCCESS);
  });

  it('a frame that a device holds on to: no page-in, H_STATE at H_SVM_INIT_DONE', async () => {
    const bench = await TestBench.create();
    bench.guest.partition.write(GPA, Uint8Array.of(1), 'guest');
    bench.guest.partition.state.pinned.add(GPA >> 16n);
    expect(await bench.guest.enterSecureMode()).to.include({ secure: false });
    expect(bench.of('hcall.return').find(({ name }) => name === 'H_SVM_INIT_DONE')).to.include({ r3Name: 'H_STATE' });
    const kernel = await TestBench.create();
    kernel.guest.partition.state.pinned.add(kernel.guest.layout.kernel >> 16n);
    expect(await kernel.guest.enterSecureMode()).to.include({ secure: false });
    expect(kernel.failedChecks()).to.deep.equal(['page-in']);
  });
});

describe("the hypervisor's states of a VM (docs/reference/pef.md#the-hypervisors-view)", () => {
  const flags = (bench: TestBench): number => bench.guest.partition.state.secureGuest;

  it('normal, transient, secure, and normal again', async () => {
    const bench = await TestBench.create();
    const seen: number[] = [flags(bench)];
    bench.adversary.onHypercall = async ({ number }) => {
      if (number === BigInt(INIT_DONE)) seen.push(flags(bench));
      return null;
    };
    await bench.guest.enterSecureMode();
    seen.push(flags(bench));
    await bench.guest.terminate();
    seen.push(flags(bench));
    const { INIT_START: START, INIT_DONE: DONE } = SECURE_GUEST;
    expect(seen).to.deep.equal([0, START, START | DONE, 0]);
  });

  it('the states of frames: share, unshare, done', async () => {
    const bench = await TestBench.secure();
    expect(bench.gfn(GPA), 'no flag becomes secure at H_SVM_INIT_DONE').to.equal('secure');
    expect(bench.gfn(bench.uv.svm(1)?.reserved?.tpmBounce ?? 0n), 'shared stays shared').to.equal('shared');
    await bench.sc2(0xf130, GPA >> 16n, 1);
    expect(bench.gfn(GPA)).to.equal('shared');
    await bench.sc2(0xf134, GPA >> 16n, 1);
    expect(bench.gfn(GPA)).to.equal('secure');
    await bench.guest.reboot();
    expect(bench.gfn(GPA)).to.equal('normal');
  });

  for (const [profile, code, kept] of [
    ['published', H.SUCCESS, 0],
    ['hardened', H.PARAMETER, 7],
  ] as const) {
    it(`not enforced: a second H_SVM_INIT_START overwrites the flags and registers the slots again, ${profile}: ${code}`, async () => {
      const bench = await TestBench.secure({ profile });
      await bench.guest.write(GPA, Uint8Array.of(7));
      expect(await bench.sc1(INIT_START)).to.equal(code);
      expect(flags(bench)).to.equal(SECURE_GUEST.INIT_START);
      expect((await bench.guest.read(GPA, 1))[0], 'a slot that is registered again gets pages of zeros').to.equal(kept);
      await bench.guest.terminate();
      expect(bench.host.memory.securePagesLeft).to.equal(bench.host.memory.securePages);
    });
  }

  it('not enforced: a second H_SVM_INIT_DONE gives H_SUCCESS', async () => {
    const bench = await TestBench.secure();
    expect(await bench.sc1(INIT_DONE)).to.equal(H.SUCCESS);
  });

  it('H_SVM_INIT_ABORT after DONE: H_STATE to the guest', async () => {
    const bench = await TestBench.create();
    editTree(bench, tree => ({ ...tree, bootCpu: 9 }));
    expect(await bench.guest.enterSecureMode()).to.include({ secure: false });
    expect(flags(bench)).to.equal(SECURE_GUEST.INIT_START | SECURE_GUEST.INIT_DONE);
    expect(bench.vcpu.has(MSR.S)).to.equal(false);
  });

  it('H_SVM_INIT_ABORT in between: every frame normal, the Ultravisor told', async () => {
    const bench = await TestBench.create();
    refuse(bench, BigInt(INIT_DONE), 'H_STATE');
    await bench.guest.enterSecureMode();
    expect(flags(bench)).to.equal(0);
    expect([...bench.guest.partition.state.gfnStates]).to.deep.equal([]);
    expect(bench.of('ultracall.call').at(-1)?.name).to.equal('UV_SVM_TERMINATE');
  });

  for (const [profile, scope] of [
    ['published', 'host'],
    ['hardened', 'guest'],
  ] as const)
    it(`the hypervisor ends the SVM while it is made, ${profile}: it ends the ${scope}, and no secure memory is lost`, async () => {
      const bench = await TestBench.create({ profile });
      const left = bench.host.memory.securePagesLeft;
      bench.adversary.onHypercall = async ({ number }) => {
        if (number === BigInt(INIT_DONE)) await bench.hv(0xf13c, 1);
        return null;
      };
      expect(await bench.guest.enterSecureMode(), 'UV_RETURN finds no record').to.include({ scope });
      expect(bench.uv.svm(1)).to.equal(undefined);
      expect(bench.host.memory.securePagesLeft).to.equal(left);
    });
});
