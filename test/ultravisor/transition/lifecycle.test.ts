import { expect } from 'chai';
import { Halt } from '../../../src/hcall/index.ts';
import {
  H_SVM_INIT_DONE,
  H_SVM_INIT_START,
  H_SVM_PAGE_IN,
  H_SVM_PAGE_OUT,
  H_TPM_COMM,
  U,
  UV_SVM_TERMINATE,
} from '../../../src/spec/index.ts';
import { profileNames } from '../../../src/ultravisor/index.ts';
import { recordedGuest, TestBench } from '../../helpers/machine.ts';
import { editTree, refuse } from '../tampering.ts';

const TERMINATE = UV_SVM_TERMINATE.number;
const PAGE_IN = BigInt(H_SVM_PAGE_IN.number);
const PAGE_OUT = BigInt(H_SVM_PAGE_OUT.number);
const INIT_START = BigInt(H_SVM_INIT_START.number);
const INIT_DONE = BigInt(H_SVM_INIT_DONE.number);
const TPM_COMM = BigInt(H_TPM_COMM.number);
const [SHARE, UNSHARE, UNSHARE_ALL] = [0xf130, 0xf134, 0xf140];
const GPA = 0x60_0000n;

/** What an SVM may be in the middle of, and the hypercall during which its hypervisor ends it. */
const MIDDLES: readonly {
  readonly of: string;
  readonly during: bigint;
  readonly body: (bench: TestBench) => Promise<unknown>;
  readonly early?: true;
}[] = [
  { of: 'UV_ESM, at H_SVM_INIT_START', during: INIT_START, early: true, body: bench => bench.guest.enterSecureMode() },
  { of: 'UV_ESM, at a page-in', during: PAGE_IN, early: true, body: bench => bench.guest.enterSecureMode() },
  { of: 'UV_ESM, at the unwrap', during: TPM_COMM, early: true, body: bench => bench.guest.enterSecureMode() },
  { of: 'UV_ESM, at H_SVM_INIT_DONE', during: INIT_DONE, early: true, body: bench => bench.guest.enterSecureMode() },
  { of: 'UV_SHARE_PAGE (HV_SHARING)', during: PAGE_IN, body: bench => bench.sc2(SHARE, GPA >> 16n, 2) },
  {
    of: 'UV_UNSHARE_PAGE (HV_UNSHARING)',
    during: PAGE_IN,
    body: async bench => {
      await withoutAdversary(bench, () => bench.sc2(SHARE, GPA >> 16n, 2));
      await bench.sc2(UNSHARE, GPA >> 16n, 2);
    },
  },
  {
    of: 'UV_UNSHARE_ALL_PAGES',
    during: PAGE_IN,
    body: async bench => {
      await withoutAdversary(bench, () => bench.sc2(SHARE, GPA >> 16n, 2));
      await bench.sc2(UNSHARE_ALL);
    },
  },
  {
    of: 'an access to a page that is out (PAGEDOUT)',
    during: PAGE_IN,
    body: async bench => {
      await withoutAdversary(bench, () => bench.host.hypervisor.hostRead(bench.guest.partition, bench.guest.layout.kernel, 1));
      await bench.guest.read(bench.guest.layout.kernel, 8);
    },
  },
  { of: 'a hypercall of its own', during: 0x64n, body: bench => bench.sc1(0x64, 1) },
  { of: 'H_SVM_PAGE_OUT of its own', during: PAGE_OUT, body: bench => bench.sc1(0xef04, bench.guest.layout.kernel, 0, 16) },
  {
    of: 'H_RTAS',
    during: 0xf000n,
    body: async bench => {
      await bench.guest.write(GPA, Uint8Array.of(0, 0, 0x20, 1));
      await bench.sc1(0xf000, GPA);
    },
  },
];

async function withoutAdversary(bench: TestBench, body: () => Promise<unknown>): Promise<void> {
  const { onHypercall } = bench.adversary;
  bench.adversary.onHypercall = null;
  await body();
  bench.adversary.onHypercall = onHypercall;
}

describe('UV_SVM_TERMINATE in any state (docs/reference/pef.md#what-ultracalls-leave-undone, #failures-of-uv_esm)', () => {
  for (const profile of profileNames) {
    for (const { of, during, body, early } of MIDDLES) {
      it(`in the middle of ${of}, ${profile}: a clear end, and all secure memory is back`, async () => {
        const bench = await TestBench[early ? 'create' : 'secure']({ profile });
        let ended = false;
        bench.adversary.onHypercall = async ({ number }) => {
          if (number !== during || ended) return null;
          ended = true;
          expect(await bench.hv(TERMINATE, 1)).to.equal(U.SUCCESS);
          return null;
        };
        let halt: unknown = null;
        try {
          const outcome = await body(bench);
          halt = typeof outcome === 'object' ? outcome : null;
        } catch (thrown) {
          if (!(thrown instanceof Halt)) throw thrown; // a fault of the simulator
          halt = thrown;
        }
        expect(ended).to.equal(true);
        // UV_RETURN finds no record: an assertion of the firmware, or the end of this guest alone.
        expect(halt, String(halt)).to.include({ scope: profile === 'hardened' ? 'guest' : 'host' });
        const stopped = bench.of('state').some(({ of: what, to }) => what === 'host' && to === 'stopped');
        expect(stopped, 'an event says so').to.equal(profile !== 'hardened');
        expect(bench.uv.svm(1)).to.equal(undefined);
        expect(bench.host.memory.securePagesLeft).to.equal(bench.host.memory.securePages);
      });
    }
  }

  it('of an SVM at rest, in ABORT, and of none: the partition table entry is cleared, the lpid is free again', async () => {
    const bench = await TestBench.secure();
    expect(bench.uv.hardware.partitionTable.get(1)?.dw0).not.to.equal(0n);
    expect(await bench.hv(TERMINATE, 1)).to.equal(U.SUCCESS);
    expect(bench.uv.hardware.partitionTable.get(1)).to.deep.equal({ dw0: 0n, dw1: 0n });
    const aborted = await TestBench.create();
    editTree(aborted, tree => ({ ...tree, bootCpu: 9 }));
    await aborted.guest.enterSecureMode();
    expect(aborted.uv.svm(1)?.phase).to.equal('ABORT');
    expect(await aborted.hv(TERMINATE, 1)).to.equal(U.SUCCESS);
    expect(await aborted.hv(TERMINATE, 1), 'documented: no such SVM').to.equal(U.PARAMETER);
    expect(aborted.host.memory.securePagesLeft).to.equal(aborted.host.memory.securePages);
  });

  it('leaves other SVMs of the host alone', async () => {
    const bench = await TestBench.secure();
    const other = bench.host.createGuest({ ...recordedGuest(), name: 'other', lpid: 2 });
    await other.start();
    await other.enterSecureMode();
    await other.write(GPA, Uint8Array.of(7));
    await bench.hv(TERMINATE, 1);
    expect((await other.read(GPA, 1))[0]).to.equal(7);
    expect(await other.getFile('rootd')).to.include({ ok: true });
  });
});

describe('failures of UV_ESM that end otherwise (docs/reference/pef.md#failures-of-uv_esm)', () => {
  for (const profile of profileNames) {
    it(`step 4, no page of secure memory is left, ${profile}`, async () => {
      const bench = await TestBench.create({ profile, securePages: 8 });
      while (bench.host.memory.securePagesLeft > 0) bench.host.memory.allocate('secure');
      const { kernel, fdt } = bench.guest.layout;
      const documented = profile === 'documented';
      expect(await bench.sc2(0xf110, kernel, fdt), 'r3').to.equal(documented ? U.RETRY : 0xf110);
      expect(bench.of('hcall.call'), 'no abort hypercall').to.deep.equal([]);
      expect(bench.uv.svm(1)?.phase, 'the record').to.equal(documented ? undefined : 'ACTIVE');
      expect(await bench.sc2(0xf110, kernel, fdt), 'a second try').to.equal(U.RETRY);
    });
  }

  it('the write-back of the tree fails after the commit: the VM ends by ibm,os-term', async () => {
    const bench = await TestBench.create({ profile: 'published' });
    const { fdt } = bench.guest.layout;
    bench.adversary.onHypercall = async ({ number }) => {
      if (number !== INIT_DONE) return null;
      await bench.hv(0xf12c, 1, 0x7000_0000n, fdt, 0, 16);
      refuse(bench, PAGE_IN, 'H_PARAMETER', ({ gpa }) => gpa === fdt);
      return null;
    };
    expect(await bench.guest.enterSecureMode()).to.include({ scope: 'guest', never: 'ibm,os-term' });
    expect(
      bench.of('state').some(({ of: what, to }) => what === 'svm' && to === 'SECURE'),
      'it was committed',
    ).to.equal(true);
  });

  it('more than 4096 processors (docs/reference/pef.md#sizes)', async () => {
    const bench = await TestBench.create({ guest: { vcpus: 1 } });
    editTree(bench, tree => ({
      ...tree,
      root: {
        ...tree.root,
        children: tree.root.children.map(node =>
          node.name === 'rtas'
            ? {
                ...node,
                properties: node.properties.map(p =>
                  p.name === 'ibm,lrdr-capacity' ? { ...p, value: Uint8Array.from([...p.value.slice(0, 16), 0, 0, 0x10, 1]) } : p,
                ),
              }
            : node,
        ),
      },
    }));
    expect(await bench.guest.enterSecureMode()).to.include({ secure: false });
    expect(bench.failedChecks()).to.deep.equal(['device-tree']);
  });
});
