import { expect } from 'chai';
import { hcalls, MSR, SECURE_BIT } from '../../../src/hcall/index.ts';
import { U } from '../../../src/spec/index.ts';
import { type Profile, profiles, ultracalls } from '../../../src/ultravisor/index.ts';
import { TestBench, type TestOptions } from '../../helpers/machine.ts';
import { editTree, flip, H_SVM_PAGE_IN, refuse } from '../tampering.ts';

/** `UV_PAGE_IN U_P3`: which call gave which code, over all that is done below. */
const seen = new Set<string>();
const watch = (bench: TestBench): TestBench => {
  bench.world.bus.listen(event => {
    if ((event.kind === 'ultracall.return' || event.kind === 'hcall.return') && event.data.r3Name)
      seen.add(`${event.data.name} ${event.data.r3Name}`);
  });
  return bench;
};
const open = async (options?: TestOptions) => watch(await TestBench.create(options));
const secure = async (options?: TestOptions) => watch(await TestBench.secure(options));

const [GPA, NEXT, RA, NOWHERE] = [0x60_0000n, 0x61_0000n, 0x7000_0000n, 1n << 40n];
const esm = ({ guest }: TestBench) => guest.enterSecureMode();

/** What provokes codes, by what it is about. Each begins with a machine of its own. */
const PROVOCATIONS: Readonly<Record<string, () => Promise<unknown>>> = {
  async 'UV_ESM, arguments'() {
    const bench = await open();
    for (const [kbase, fdt] of [
      [0, 1],
      [1, 0],
    ])
      await bench.sc2(0xf110, kbase ?? 0, fdt ?? 0);
    bench.vcpu.regs.lpidr = 0n;
    await bench.sc2(0xf110, 1, 1);
    await (await secure()).sc2(0xf110, 1, 1);
    const published = await open({ profile: 'published' });
    for (const [kbase, fdt] of [
      [0, 1],
      [1, 0],
    ])
      await published.sc2(0xf110, kbase ?? 0, fdt ?? 0);
    await esm(published);
    await published.sc2(0xf110, 1, 1);
  },
  async 'UV_ESM, failures'() {
    await esm(await open({ guest: { secureAllowed: false } }));
    await esm(await open({ guest: { tpmProxy: null } }));
    const bench = await open();
    flip(bench, bench.guest.layout.kernel);
    await esm(bench);
  },
  async slots() {
    const bench = await secure();
    await bench.hv(0xf120, 1, 1, 1, 0, 1);
  },
  async UV_PAGE_IN() {
    const bench = await secure();
    for (const args of [
      [1, RA, GPA, 0, 12],
      [1, 0, GPA, 0, 16],
      [9, RA, GPA, 0, 16],
      [1, RA, NOWHERE, 0, 16],
    ])
      await bench.hv(0xf128, ...args);
    await bench.hv(0xf12c, 1, RA, GPA, 0, 16);
    const full = await secure({ securePages: 16 });
    await full.hv(0xf12c, 1, RA, full.guest.layout.kernel, 0, 16);
    while (full.host.memory.securePagesLeft > 0) full.host.memory.allocate('secure');
    await full.hv(0xf128, 1, RA, full.guest.layout.kernel, 0, 16);
  },
  async UV_PAGE_OUT() {
    const bench = await secure();
    for (const args of [
      [1, RA, GPA, 0, 12],
      [1, SECURE_BIT, GPA, 0, 16],
      [9, RA, GPA, 0, 16],
      [1, RA, NOWHERE, 0, 16],
    ])
      await bench.hv(0xf12c, ...args);
    await bench.sc2(0xf130, GPA >> 16n, 2);
    bench.adversary.onHypercall = async ({ number, args }) => {
      if (number === H_SVM_PAGE_IN && args.gpa === NEXT) await bench.hv(0xf12c, 1, RA, GPA, 0, 16);
      return null;
    };
    await bench.sc2(0xf134, GPA >> 16n, 2);
  },
  async 'an SVM in ABORT'() {
    const bench = await open();
    editTree(bench, tree => ({ ...tree, bootCpu: 5 }));
    await esm(bench);
    await bench.hv(0xf128, 1, RA, GPA, 0, 16);
    await bench.hv(0xf138, 1, GPA, 16);
  },
  async 'UV_PAGE_INVAL and UV_SVM_TERMINATE'() {
    const bench = await secure();
    for (const args of [
      [1, GPA, 12],
      [9, GPA, 16],
      [1, GPA, 16],
    ])
      await bench.hv(0xf138, ...args);
    await bench.hv(0xf13c, 9);
  },
  async sharing() {
    const normal = await open();
    for (const number of [0xf130, 0xf134, 0xf140]) await normal.sc2(number, 1, 1);
    const bench = await secure();
    for (const number of [0xf130, 0xf134, 0xf140]) await bench.sc2(number, GPA >> 16n, 1);
    await bench.sc2(0xf130, NOWHERE >> 16n, 1);
    await bench.sc2(0xf134, NOWHERE >> 16n, 1);
    await bench.sc2(0xf130, GPA >> 16n, 1);
    refuse(bench, H_SVM_PAGE_IN, 'H_PARAMETER');
    await bench.sc2(0xf140);
    bench.uv.svms.clear(); // S without a record: the hypervisor ended it while this vCPU was elsewhere
    for (const number of [0xf130, 0xf134, 0xf140]) await bench.sc2(number, 1, 1);
  },
  async UV_ESMB_GET_FILE() {
    const bench = await open();
    await bench.sc2(0xf14c, 0);
  },
  async 'special registers, SCOMs, memory, self-boot engine'() {
    const bench = await secure();
    await bench.hv(0xf108, 1, 1);
    await bench.hv(0xf10c, 0x352);
    const codes = [U.XSCOM_PARTIAL_GOOD, U.XSCOM_ADDR_ERROR, U.XSCOM_CLOCK_ERROR, U.XSCOM_PARITY_ERROR, U.XSCOM_TIMEOUT];
    for (const [i, code] of codes.entries()) bench.uv.hardware.badScoms.set(BigInt(i), code);
    for (const number of [0xf114, 0xf118]) {
      await bench.hv(number, 77, 0);
      for (const [i] of codes.entries()) await bench.hv(number, 0, i);
    }
    for (const number of [0xf144, 0xf148]) {
      await bench.hv(number, 0, 1, 0, 8);
      await bench.hv(number, RA, 99, 0, 8);
    }
    await bench.hv(0xf150, 0, 3, 0);
  },
  async 'hypercalls of the Ultravisor'() {
    const bench = await open();
    for (const number of [0xef00, 0xef04, 0xef08, 0xef0c, 0xef14]) await bench.sc1(number, GPA, 0, 16);
    const other = await secure();
    for (const number of [0xef00, 0xef04]) {
      await other.fromUv(number, GPA, 0, 12);
      await other.fromUv(number, GPA, 2, 16);
      await other.fromUv(number, NOWHERE, 0, 16);
    }
    await (await secure({ profile: 'hardened' })).fromUv(0xef08);
    const held = await open();
    held.guest.partition.write(GPA, Uint8Array.of(1), 'guest');
    held.guest.partition.state.pinned.add(GPA >> 16n);
    await esm(held);
  },
  async 'H_SVM_INIT_ABORT, H_RTAS'() {
    const bench = await open();
    bench.guest.partition.state.secureGuest = 1;
    await bench.sc1(0xef14);
    bench.guest.partition.state.secureGuest = 3;
    await bench.sc1(0xef14);
    await bench.sc1(0xf000, NOWHERE);
  },
};

/** Codes that no behaviour of this machine brings about, with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'UV_ESMB_GET_FILE U_RETRY': 'no memory for a record of a few bytes: the simulator always has it',
  'UV_SHARE_PAGE U_RETRY': 'no memory before the start: the same',
  'UV_UNSHARE_PAGE U_RETRY': 'no memory before the start: the same',
};

describe('every return code that a call declares', () => {
  for (const [about, provoke] of Object.entries(PROVOCATIONS)) it(`is provoked: ${about}`, provoke);

  it('by the above, or stands in the list with its reason', () => {
    const calls = [
      ...ultracalls.values(),
      ...[...hcalls.values()].filter(({ provider, name }) => provider === 'kvm-pef' || name === 'H_RTAS'),
    ];
    const declared = calls.flatMap(({ name, returns }) => Object.keys(returns).map(code => `${name} ${code}`));
    // A result of H_SVM_INIT_ABORT goes to the guest: dispatch names it all the same.
    expect(declared.filter(entry => !seen.has(entry) && !ELSEWHERE[entry])).to.deep.equal([]);
    expect(
      Object.keys(ELSEWHERE).filter(entry => !declared.includes(entry) || seen.has(entry)),
      'reasons that are out of date',
    ).to.deep.equal([]);
  });

  it('a code that is not declared is a bug that shows', async () => {
    const call = ultracalls.get(0xf108);
    if (!call) throw new Error('no UV_RESTRICTED_SPR_WRITE');
    const { handle } = call;
    const bench = await TestBench.create();
    try {
      Object.assign(call, { handle: () => ({ r3: U.P5 }) });
      const thrown = await bench.hv(0xf108, 1, 1).then(
        () => null,
        (error: unknown) => error,
      );
      expect(thrown).to.be.instanceOf(Error).with.property('message', 'UV_RESTRICTED_SPR_WRITE returned U_P5, which it does not declare');
    } finally {
      Object.assign(call, { handle });
    }
  });
});

describe('ultracalls of the platform (docs/reference/pef.md#what-ultracalls-leave-undone)', () => {
  it('UV_WRITE_PATE: of an SVM only the second double word', async () => {
    const bench = await secure();
    expect(await bench.hv(0xf104, 5, 11, 12)).to.equal(0);
    expect(bench.uv.hardware.partitionTable.get(5)).to.deep.equal({ dw0: 11n, dw1: 12n });
    await bench.hv(0xf104, 1, 11, 12);
    expect(bench.uv.hardware.partitionTable.get(1)).to.deep.include({ dw1: 12n });
    expect(bench.uv.hardware.partitionTable.get(1)?.dw0).not.to.equal(11n);
  });

  it('restricted registers: five can be written, three read, the value comes in r5', async () => {
    const bench = await secure();
    for (const spr of [0xb4, 0xbc, 0xbb, 0x352, 0x31f]) expect(await bench.hv(0xf108, spr, spr + 1)).to.equal(0);
    for (const spr of [0xb4, 0xbc, 0xbb]) expect((await bench.hvAll(0xf10c, spr)).slice(0, 3)).to.deep.equal([0, spr, spr + 1]);
  });

  it('SCOM: what was written is read', async () => {
    const bench = await secure();
    expect(await bench.hv(0xf118, 0, 0x20010a00, 7)).to.equal(0);
    expect((await bench.hvAll(0xf114, 0, 0x20010a00)).slice(0, 2)).to.deep.equal([0, 7]);
  });

  it('memory: the handle is read the other way round in UV_WRITE_MEM', async () => {
    const bench = await secure();
    bench.host.memory.write(RA, Uint8Array.of(1, 2, 3), 'hypervisor');
    expect(await bench.hv(0xf148, RA, (1n << 32n) | 1n, 16, 3)).to.equal(0);
    expect(await bench.hv(0xf144, RA + 64n, (1n << 32n) | 1n, 16, 3)).to.equal(0);
    expect(bench.host.memory.read(RA + 64n, 3, 'hypervisor')).to.deep.equal(Uint8Array.of(1, 2, 3));
    expect(await bench.hv(0xf148, RA, 1n << 32n, 16, 3), 'a log is not written').to.equal(U.PERMISSION);
    expect(await bench.hv(0xf144, RA, (1n << 32n) | 1n, 4095, 2), 'nor read behind its end').to.equal(U.PERMISSION);
  });

  it('self-boot engine: a doorbell is told once; input must be 0 where it has no meaning', async () => {
    const bench = await secure();
    bench.uv.hardware.doorbells.set(0, 9n);
    expect((await bench.hvAll(0xf150, 0, 1, 0)).slice(0, 2)).to.deep.equal([0, 9]);
    expect((await bench.hvAll(0xf150, 0, 1, 0)).slice(0, 2)).to.deep.equal([0, 0]);
    expect(await bench.hv(0xf150, 0, 0, 1234), 'the timer takes one').to.equal(0);
    expect(await bench.hv(0xf150, 0, 1, 1)).to.equal(U.PARAMETER);
    expect(await bench.hv(0xf150, 1, 0, 0), 'no such chip').to.equal(U.PARAMETER);
  });

  it('there are 20, of the numbers that are published', () => {
    expect([...ultracalls.keys()].sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 20 }, (_, i) => 0xf104 + 4 * i));
    expect(Object.values(profiles).every((profile: Profile) => profile.name in profiles)).to.equal(true);
    expect(MSR.S).to.equal(1n << 22n);
  });
});
