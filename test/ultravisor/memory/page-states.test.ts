import { expect } from 'chai';
import { published } from '../../../src/ultravisor/core/profile.ts';
import { GPF_STATES } from '../../../src/ultravisor/core/svm.ts';
import { TestBench } from '../../helpers/machine.ts';
import { H_SVM_PAGE_IN } from '../tampering.ts';
import { GPF, numberOf, OPERATIONS, type Operation, U_NUMBER } from './page-state-tables.ts';

/** The published table; results of share and unshare written, so that they can be compared. */
const PROFILE = { ...published, name: 'published, results written', shareResult: 'written' } as const;
const GPA = 0x60_0000n;
const RA = 0x7000_0000n;
const UV = { UV_PAGE_IN: 0xf128, UV_PAGE_OUT: 0xf12c, UV_PAGE_INVAL: 0xf138, share: 0xf130, unshare: 0xf134 } as const;

/** One operation on a frame; SVM calls come from the second vCPU, so that they can strike in the middle of the first one's. */
async function operate(bench: TestBench, operation: Operation, gpa: bigint): Promise<number> {
  if (operation === 'UV_PAGE_INVAL') return bench.hv(UV.UV_PAGE_INVAL, 1, gpa, 16);
  if (operation === 'UV_PAGE_IN' || operation === 'UV_PAGE_OUT') return bench.hv(UV[operation], 1, RA, gpa, 0, 16);
  const vcpu = bench.guest.vcpu(1);
  [UV[operation], gpa >> 16n, 1n].forEach((value, i) => {
    vcpu.set(3 + i, value);
  });
  await bench.host.ultracalls.ultracall(vcpu);
  return Number(BigInt.asIntN(64, vcpu.get(3)));
}

/** Brings a frame into a state and does something to it there. */
async function inState(bench: TestBench, state: string, act: (gpa: bigint) => Promise<void>): Promise<void> {
  const reserved = bench.uv.svm(1)?.reserved;
  const once = (when: (gpa: bigint, flags: bigint) => boolean, body: () => Promise<void>): void => {
    bench.adversary.onHypercall = async call => {
      if (call.number !== H_SVM_PAGE_IN || !when(call.args.gpa ?? 0n, call.args.flags ?? 0n)) return null;
      bench.adversary.onHypercall = null;
      await body();
      return null;
    };
  };
  const sc2 = (number: number, count = 1) => bench.sc2(number, GPA >> 16n, count);
  switch (state) {
    case 'SECURE':
      return act(GPA);
    case 'PAGEDOUT':
      await bench.host.hypervisor.hostRead(bench.guest.partition, GPA, 1);
      await bench.hv(UV.UV_PAGE_IN, 1, bench.guest.partition.frame(GPA >> 16n), GPA, 0, 16);
      bench.guest.partition.setGfnState(GPA >> 16n, 'secure');
      await bench.host.hypervisor.hostRead(bench.guest.partition, GPA, 1);
      return act(GPA);
    case 'SHARED':
      await sc2(UV.share);
      return act(GPA);
    case 'SHARED_INV':
      await sc2(UV.share);
      await operate(bench, 'UV_PAGE_INVAL', GPA);
      return act(GPA);
    case 'SHARED_IMPLICIT':
      return act(reserved?.tpmBounce ?? 0n);
    case 'SHARED_IMPLICIT_INV':
      await operate(bench, 'UV_PAGE_INVAL', reserved?.tpmBounce ?? 0n);
      return act(reserved?.tpmBounce ?? 0n);
    case 'PSEUDO_SHARED':
      return act(bench.guest.layout.rtas);
    case 'PSEUDO_SHARED_INV':
      await operate(bench, 'UV_PAGE_INVAL', bench.guest.layout.rtas);
      return act(bench.guest.layout.rtas);
    case 'HV_UNSHARED':
      await sc2(UV.share, 2);
      once(
        gpa => gpa === GPA + 0x1_0000n,
        () => act(GPA),
      );
      await sc2(UV.unshare, 2);
      return;
    case 'HV_UNSHARING':
    case 'HV_UNSHARING_INV':
      await sc2(UV.share);
      once(
        () => true,
        async () => {
          if (state === 'HV_UNSHARING_INV') await operate(bench, 'UV_PAGE_INVAL', GPA);
          await act(GPA);
        },
      );
      await sc2(UV.unshare);
      return;
    default: // HV_SHARING, HV_SHARED, HV_SHARED_INV
      once(
        () => true,
        async () => {
          if (state !== 'HV_SHARING') await operate(bench, 'UV_PAGE_IN', GPA);
          if (state === 'HV_SHARED_INV') await operate(bench, 'UV_PAGE_INVAL', GPA);
          await act(GPA);
        },
      );
      await sc2(UV.share);
  }
}

describe('the states of a guest frame (docs/reference/pef.md#page-states)', () => {
  it('have the published numbers', () => expect(GPF.map(({ state }) => state)).to.deep.equal(GPF_STATES));

  for (const { number, state, cells } of GPF) {
    for (const operation of OPERATIONS) {
      const { code, next } = cells[operation];
      it(`${number} ${state}, ${operation}: ${code === 'U_SUCCESS' ? `-> ${next}` : code}`, async () => {
        const bench = await TestBench.secure({ profile: PROFILE, guest: { vcpus: 2 } });
        let acted = false;
        await inState(bench, state, async gpa => {
          acted = true;
          expect(bench.gpf(gpa), 'the state it starts in').to.equal(state);
          if (state === 'PAGEDOUT' && operation === 'UV_PAGE_IN') {
            const right = bench.guest.partition.frame(gpa >> 16n);
            expect(await bench.hv(UV.UV_PAGE_IN, 1, RA, gpa, 0, 16), 'what is not its ciphertext').to.equal(U_NUMBER.U_P3);
            expect(bench.gpf(gpa)).to.equal(state);
            expect(await bench.hv(UV.UV_PAGE_IN, 1, right, gpa, 0, 16)).to.equal(0);
          } else {
            expect(await operate(bench, operation, gpa)).to.equal(U_NUMBER[code]);
          }
          expect(numberOf(bench.gpf(gpa))).to.equal(next);
        });
        expect(acted).to.equal(true);
      });
    }
  }

  const early = (state: string) => async (): Promise<void> => {
    const bench = await TestBench.create({ profile: PROFILE });
    const done: number[] = [];
    bench.adversary.onHypercall = async ({ number }) => {
      if (number !== 0xef0cn || done.length > 0) return null;
      if (state === 'PAGEDOUT') done.push(await bench.hv(UV.UV_PAGE_OUT, 1, RA, GPA, 0, 16));
      bench.host.memory.write(RA, Uint8Array.of(0xaa), 'hypervisor');
      done.push(await bench.hv(UV.UV_PAGE_IN, 1, RA, GPA, 0, 16));
      return null;
    };
    await bench.guest.enterSecureMode();
    expect(done.every(code => code === 0)).to.equal(true);
    expect((await bench.guest.read(GPA, 1))[0], 'copied as it was, without decryption').to.equal(0xaa);
  };
  it('0 SECURE, UV_PAGE_IN before the VM is secure: copied (threat 2)', early('SECURE'));
  it(
    '1 PAGEDOUT, UV_PAGE_IN before the VM is secure: copied, not decrypted (docs/reference/pef.md#page-out-encryption)',
    early('PAGEDOUT'),
  );
});
