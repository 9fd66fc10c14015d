import { expect } from 'chai';
import { gfnOf, invalidateShared, PAGE_BYTES, plugMemory, SECURE_BIT, unplugMemory } from '../../../src/hcall/index.ts';
import { U } from '../../../src/spec/index.ts';
import { profileNames } from '../../../src/ultravisor/index.ts';
import { haltOf } from '../../hcall/machine.ts';
import { canary, profileNamed, recordedGuest, TestBench } from '../../helpers/machine.ts';
import { refuse } from '../tampering.ts';

const [UV_PAGE_IN, UV_PAGE_OUT, UV_PAGE_INVAL, SHARE, UNSHARE, UNSHARE_ALL] = [0xf128, 0xf12c, 0xf138, 0xf130, 0xf134, 0xf140];
const A = 0x60_0000n;
const B = 0x61_0000n;
const PAGE = 1 << 16;
const RA = 0x7000_0000n;
const RA2 = 0x7001_0000n;

/** An SVM with a canary in two pages. */
async function withCanaries(profile = 'documented'): Promise<TestBench> {
  const bench = await TestBench.secure({ profile });
  await bench.guest.write(A, canary(1));
  await bench.guest.write(B, canary(2));
  return bench;
}
const out = (bench: TestBench, gpa: bigint, ra: bigint) => bench.hv(UV_PAGE_OUT, 1, ra, gpa, 0, 16);
const into = (bench: TestBench, gpa: bigint, ra: bigint) => bench.hv(UV_PAGE_IN, 1, ra, gpa, 0, 16);
const host = (bench: TestBench, ra: bigint) => bench.host.memory.read(ra, PAGE, 'hypervisor');
const holds = (bytes: Uint8Array, needle: Uint8Array): boolean => Buffer.from(bytes).includes(Buffer.from(needle.subarray(0, 16)));

describe('a page that goes out is of no use to anybody but its frame (docs/reference/pef.md#page-out-encryption)', () => {
  it('the hypervisor gets ciphertext, and the SVM its page back', async () => {
    const bench = await withCanaries();
    expect(await out(bench, A, RA)).to.equal(0);
    expect(holds(host(bench, RA), canary(1))).to.equal(false);
    expect(await into(bench, A, RA)).to.equal(0);
    expect(await bench.guest.read(A, PAGE)).to.deep.equal(canary(1));
  });

  const refused: readonly [string, (bench: TestBench) => Promise<bigint>][] = [
    [
      'tampered: one bit',
      async bench => {
        bench.host.memory.write(RA + 5n, Uint8Array.of((host(bench, RA)[5] ?? 0) ^ 1), 'hypervisor');
        return RA;
      },
    ],
    [
      'swapped: the page of another frame',
      async bench => {
        await out(bench, B, RA2);
        return RA2;
      },
    ],
    [
      'replayed: what went out of this frame before',
      async bench => {
        await into(bench, A, RA);
        await bench.guest.write(A, canary(3));
        await out(bench, A, RA2);
        return RA;
      },
    ],
    [
      'plain text',
      async bench => {
        bench.host.memory.write(RA2, canary(9), 'hypervisor');
        return RA2;
      },
    ],
    ['a page that nobody wrote', async () => RA2],
  ];
  for (const [what, give] of refused) {
    it(`${what}: U_P3, and the right page still opens`, async () => {
      const bench = await withCanaries();
      await out(bench, A, RA);
      const right = host(bench, RA);
      const wrong = await give(bench);
      const good = what.startsWith('replayed') ? RA2 : RA;
      expect(await into(bench, A, wrong)).to.equal(U.P3);
      expect(bench.gpf(A)).to.equal('PAGEDOUT');
      if (good === RA) bench.host.memory.write(RA, right, 'hypervisor');
      expect(await into(bench, A, good)).to.equal(0);
      expect(await bench.guest.read(A, PAGE)).to.deep.equal(what.startsWith('replayed') ? canary(3) : canary(1));
    });
  }

  it('the page of another SVM: U_P3', async () => {
    const bench = await withCanaries();
    const other = bench.host.createGuest({ ...recordedGuest(), name: 'other', lpid: 2 });
    await other.start();
    expect(await other.enterSecureMode()).to.include({ secure: true });
    await other.write(A, canary(1));
    await out(bench, A, RA);
    expect(await bench.hv(UV_PAGE_OUT, 2, RA2, A, 0, 16)).to.equal(0);
    expect(await into(bench, A, RA2)).to.equal(U.P3);
    expect(host(bench, RA), 'the same page under another key').not.to.deep.equal(host(bench, RA2));
  });

  it('the counter makes each ciphertext new, also of the same page', async () => {
    const bench = await withCanaries();
    await out(bench, A, RA);
    await into(bench, A, RA);
    await out(bench, A, RA2);
    expect(host(bench, RA)).not.to.deep.equal(host(bench, RA2));
    expect(bench.uv.svm(1)?.paging?.counter).to.equal(2n);
  });

  it('at the end of the counter: new random bytes, counter 0', async () => {
    const bench = await withCanaries();
    await out(bench, A, RA);
    const paging = bench.uv.svm(1)?.paging;
    if (!paging) throw new Error('no key');
    paging.counter = 0xffff_ffff_ffff_ffffn;
    const { prefix } = paging;
    await out(bench, B, RA2);
    expect([paging.counter, paging.prefix]).not.to.deep.equal([0n, prefix]);
    expect(paging.counter).to.equal(0n);
    expect(await into(bench, B, RA2)).to.equal(0);
  });

  it('an access of the SVM brings the page in by H_SVM_PAGE_IN', async () => {
    const bench = await withCanaries();
    await bench.host.hypervisor.hostRead(bench.guest.partition, A, 1);
    expect([bench.gpf(A), bench.gfn(A)]).to.deep.equal(['PAGEDOUT', 'paged-out']);
    expect(await bench.guest.read(A, PAGE)).to.deep.equal(canary(1));
    expect([bench.gpf(A), bench.gfn(A)]).to.deep.equal(['SECURE', 'secure']);
  });

  it('a hypervisor that does not bring it back loses the SVM', async () => {
    const bench = await withCanaries();
    await bench.host.hypervisor.hostRead(bench.guest.partition, A, 1);
    refuse(bench, 0xef00n, 'H_PARAMETER', ({ gpa }) => gpa === A);
    expect(await haltOf(bench.guest.read(A, 1))).to.include({ how: 'ibm,os-term' });
  });

  it('QEMU that reads a secure frame finds ciphertext; what it writes there does not open', async () => {
    const bench = await withCanaries();
    const { hypervisor } = bench.host;
    expect(holds(await hypervisor.hostRead(bench.guest.partition, A, PAGE), canary(1))).to.equal(false);
    await hypervisor.hostWrite(bench.guest.partition, A + 100n, Uint8Array.of(1, 2, 3));
    expect(await haltOf(bench.guest.read(A, 1))).to.include({ how: 'ibm,os-term' });
    expect(bench.failedChecks()).to.include('page-tag');
  });

  for (const name of profileNames) {
    it(`${name}: the page's place in secure memory is ${profileNamed(name).secureMemory === 'reserved' ? 'kept' : 'given back'}`, async () => {
      const bench = await withCanaries(name);
      const left = bench.host.memory.securePagesLeft;
      await out(bench, A, RA);
      expect(bench.host.memory.securePagesLeft - left).to.equal(profileNamed(name).secureMemory === 'reserved' ? 0 : 1);
    });
  }
});

describe('arguments of page calls, in the order of the code (docs/reference/pef.md#what-ultracalls-leave-undone)', () => {
  let bench: TestBench;
  before(async () => {
    bench = await withCanaries();
  });
  const NOWHERE = 1n << 40n;
  const rows: readonly [string, number, readonly (bigint | number)[], number][] = [
    ['UV_PAGE_IN, order', UV_PAGE_IN, [9, 0, NOWHERE, 0, 12], U.P5],
    ['UV_PAGE_IN, ra 0', UV_PAGE_IN, [9, 0, NOWHERE, 0, 16], U.P2],
    ['UV_PAGE_IN, ra in secure memory', UV_PAGE_IN, [9, SECURE_BIT | RA, NOWHERE, 0, 16], U.P2],
    ['UV_PAGE_IN, lpid', UV_PAGE_IN, [9, RA, NOWHERE, 0, 16], U.PARAMETER],
    ['UV_PAGE_IN, gpa', UV_PAGE_IN, [1, RA, NOWHERE, 0, 16], U.P3],
    ['UV_PAGE_IN, secure frame', UV_PAGE_IN, [1, RA, A, 0, 16], U.P2],
    ['UV_PAGE_OUT, order', UV_PAGE_OUT, [9, 0, NOWHERE, 0, 12], U.P5],
    ['UV_PAGE_OUT, ra 0', UV_PAGE_OUT, [9, 0, NOWHERE, 0, 16], U.P2],
    ['UV_PAGE_OUT, lpid', UV_PAGE_OUT, [9, RA, NOWHERE, 0, 16], U.PARAMETER],
    ['UV_PAGE_OUT, gpa', UV_PAGE_OUT, [1, RA, NOWHERE, 0, 16], U.P3],
    ['UV_PAGE_INVAL, order', UV_PAGE_INVAL, [9, NOWHERE, 12], U.P3],
    ['UV_PAGE_INVAL, lpid', UV_PAGE_INVAL, [9, NOWHERE, 16], U.PARAMETER],
    ['UV_PAGE_INVAL, gpa (documented)', UV_PAGE_INVAL, [1, NOWHERE, 16], U.P2],
    ['UV_PAGE_INVAL, frame', UV_PAGE_INVAL, [1, A, 16], U.P2],
    ['UV_REGISTER_MEM_SLOT, unaligned', 0xf120, [1, 0x1000, 0x1_0000, 0, 7], U.PARAMETER],
    ['UV_REGISTER_MEM_SLOT, wraps', 0xf120, [1, 0xffff_ffff_ffff_0000n, 0x2_0000, 0, 7], U.PARAMETER],
    ['UV_REGISTER_MEM_SLOT, slotid', 0xf120, [1, 1n << 40n, 0x1_0000, 0, 512], U.PARAMETER],
    ['UV_REGISTER_MEM_SLOT, overlap', 0xf120, [1, 0x1_0000, 0x1_0000, 0, 7], U.PARAMETER],
    ['UV_REGISTER_MEM_SLOT, lpid', 0xf120, [9, 0, 0x1_0000, 0, 7], U.PARAMETER],
    ['UV_UNREGISTER_MEM_SLOT checks nothing', 0xf124, [9, 700], 0],
    ['UV_SVM_TERMINATE, lpid (documented)', 0xf13c, [9], U.PARAMETER],
  ];
  for (const [name, number, args, code] of rows) it(name, async () => expect(await bench.hv(number, ...args)).to.equal(code));

  it('published: what differs', async () => {
    const other = await withCanaries('published');
    expect(await other.hv(UV_PAGE_INVAL, 1, NOWHERE, 16)).to.equal(U.P3);
    expect(await other.hv(0xf13c, 9)).to.equal(0);
    await other.sc2(SHARE, A >> 16n, 1);
    expect(await out(other, A, RA), 'UV_PAGE_OUT of a shared frame').to.equal(U.PARAMETER);
    await bench.sc2(SHARE, A >> 16n, 1);
    expect(await out(bench, A, RA), 'documented').to.equal(0);
  });
});

describe('sharing (docs/reference/pef.md#page-kinds, #page-states)', () => {
  it('both see the same page, zeroed at the share and at the unshare', async () => {
    const bench = await withCanaries();
    expect(await bench.sc2(SHARE, A >> 16n, 2)).to.equal(0);
    expect(await bench.guest.read(A, PAGE)).to.deep.equal(new Uint8Array(PAGE));
    await bench.guest.write(A, canary(4));
    expect(bench.guest.partition.read(A, PAGE, 'hypervisor')).to.deep.equal(canary(4));
    bench.guest.partition.write(B, canary(5), 'hypervisor');
    expect(await bench.guest.read(B, PAGE)).to.deep.equal(canary(5));
    expect(await bench.sc2(UNSHARE, A >> 16n, 2)).to.equal(0);
    expect(await bench.guest.read(A, PAGE)).to.deep.equal(new Uint8Array(PAGE));
    expect([bench.gfn(A), bench.gpf(B)]).to.deep.equal(['secure', 'SECURE']);
  });

  for (const name of profileNames) {
    it(`${name}: r3 is ${profileNamed(name).shareResult}`, async () => {
      const bench = await withCanaries(name);
      const written = profileNamed(name).shareResult === 'written';
      expect(await bench.sc2(SHARE, A >> 16n, 1)).to.equal(written ? 0 : SHARE);
      expect(await bench.sc2(SHARE, 1n << 40n, 1), 'a frame in no slot').to.equal(written ? U.P2 : SHARE);
      expect(await bench.sc2(UNSHARE, A >> 16n, 1)).to.equal(written ? 0 : UNSHARE);
      expect(await bench.sc2(UNSHARE_ALL)).to.equal(written ? 0 : UNSHARE_ALL);
    });
  }

  it('a refusal in the middle takes everything back, contents and all', async () => {
    const bench = await withCanaries();
    refuse(bench, 0xef00n, 'H_PARAMETER', ({ gpa, flags }) => gpa === B && flags === 1n);
    expect(await bench.sc2(SHARE, A >> 16n, 2)).to.equal(U.P2);
    expect([bench.gpf(A), bench.gpf(B), bench.gfn(A)]).to.deep.equal(['SECURE', 'SECURE', 'secure']);
    expect(await bench.guest.read(A, PAGE)).to.deep.equal(canary(1));
    expect(await bench.guest.read(B, PAGE)).to.deep.equal(canary(2));
  });

  it('a refusal that cannot be taken back ends the SVM', async () => {
    const bench = await withCanaries();
    refuse(bench, 0xef00n, 'H_PARAMETER', ({ gpa, flags }) => gpa === B || flags === 0n);
    expect(await haltOf(bench.sc2(SHARE, A >> 16n, 2))).to.include({ how: 'ibm,os-term' });
  });

  it('a share that is confirmed without a page ends the SVM', async () => {
    const bench = await withCanaries();
    refuse(bench, 0xef00n, 'H_SUCCESS', ({ gpa }) => gpa === A);
    expect(await haltOf(bench.sc2(SHARE, A >> 16n, 1))).to.include({ how: 'ibm,os-term' });
  });

  it('an unshare that the hypervisor refuses ends the SVM', async () => {
    const bench = await withCanaries();
    await bench.sc2(SHARE, A >> 16n, 1);
    refuse(bench, 0xef00n, 'H_PARAMETER', ({ gpa }) => gpa === A);
    expect(await haltOf(bench.sc2(UNSHARE, A >> 16n, 1))).to.include({ how: 'ibm,os-term' });
  });

  it('a hypervisor that gives no page to end the SVM with stops the machine', async () => {
    const bench = await withCanaries();
    await bench.sc2(SHARE, A >> 16n, 1);
    refuse(bench, 0xef00n, 'H_PARAMETER');
    expect(await haltOf(bench.sc2(UNSHARE, A >> 16n, 1))).to.include({ scope: 'host' });
  });

  it('unshare all: a frame that the hypervisor keeps gives U_RETRY', async () => {
    const bench = await withCanaries();
    await bench.sc2(SHARE, A >> 16n, 2);
    refuse(bench, 0xef00n, 'H_PARAMETER', ({ gpa }) => gpa === B);
    expect(await bench.sc2(UNSHARE_ALL)).to.equal(U.RETRY);
  });

  it('unshare all leaves the bounce pages and the RTAS area', async () => {
    const bench = await withCanaries();
    await bench.sc2(SHARE, A >> 16n, 2);
    expect(await bench.sc2(UNSHARE_ALL)).to.equal(0);
    expect([bench.gpf(A), bench.gpf(bench.uv.svm(1)?.reserved?.tpmBounce ?? 0n), bench.gpf(bench.guest.layout.rtas)]).to.deep.equal([
      'SECURE',
      'SHARED_IMPLICIT',
      'PSEUDO_SHARED',
    ]);
  });

  it('the SVM runs from its own copy of RTAS, the hypervisor sees its own', async () => {
    const bench = await withCanaries();
    const { rtas } = bench.guest.layout;
    bench.guest.partition.write(rtas, canary(7), 'hypervisor');
    expect((await bench.guest.read(rtas, 20)).slice(0, 4)).to.deep.equal(bench.guest.spec.rtas.slice(0, 4));
  });

  it('the SVM that touches a bounce page ends', async () => {
    const bench = await withCanaries();
    expect(await haltOf(bench.guest.read(bench.uv.svm(1)?.reserved?.tpmBounce ?? 0n, 1))).to.include({ how: 'ibm,os-term' });
  });

  it('an invalidated shared page comes back when the SVM touches it: the hypervisor gets interrupt 0xE00', async () => {
    const bench = await withCanaries();
    await bench.sc2(SHARE, A >> 16n, 1);
    await bench.guest.write(A, canary(4));
    await invalidateShared(bench.host.hypervisor, bench.guest.partition, A >> 16n);
    expect(bench.gpf(A)).to.equal('SHARED_INV');
    expect(await bench.guest.read(A, PAGE)).to.deep.equal(canary(4));
    expect(bench.gpf(A)).to.equal('SHARED');
  });

  it('a paged-out frame is brought in before it is shared', async () => {
    const bench = await withCanaries();
    await bench.host.hypervisor.hostRead(bench.guest.partition, A, 1);
    expect(await bench.sc2(SHARE, A >> 16n, 1)).to.equal(0);
    expect(bench.gpf(A)).to.equal('SHARED');
  });
});

describe('secure memory that is scarce', () => {
  it('documented: the least recently used page goes out, and the SVM keeps what it wrote', async () => {
    const bench = await TestBench.secure({ securePages: 20 });
    for (let i = 0; i < 60; i++) await bench.guest.write(A + BigInt(i * PAGE), canary(i));
    expect(bench.host.memory.securePagesLeft).to.equal(0);
    for (let i = 0; i < 60; i++) expect(await bench.guest.read(A + BigInt(i * PAGE), PAGE), `page ${i}`).to.deep.equal(canary(i));
    expect(bench.of('hcall.call').some(({ name, issuer }) => name === 'H_SVM_PAGE_OUT' && issuer === 'ultravisor')).to.equal(true);
  });

  it('documented: a second SVM takes the room of the first', async () => {
    const bench = await TestBench.secure({ securePages: 24 });
    for (let i = 0; i < 20; i++) await bench.guest.write(A + BigInt(i * PAGE), canary(i));
    const other = bench.host.createGuest({ ...recordedGuest(), name: 'other', lpid: 2 });
    await other.start();
    expect(await other.enterSecureMode(), JSON.stringify(bench.failedChecks())).to.include({ secure: true });
    for (let i = 0; i < 20; i++) expect(await bench.guest.read(A + BigInt(i * PAGE), PAGE)).to.deep.equal(canary(i));
  });

  it('published: secure memory is reserved with the slot, so too large a VM does not become secure', async () => {
    const bench = await TestBench.create({ securePages: 8191, profile: 'published' });
    expect(await bench.guest.enterSecureMode()).to.include({ secure: false, r3: -4n });
    expect(bench.failedChecks()).to.deep.equal(['init-start']);
    const fits = await TestBench.create({ securePages: 8192, profile: 'published' });
    expect(await fits.guest.enterSecureMode()).to.include({ secure: true });
    await fits.guest.terminate();
    expect(fits.host.memory.reserveSecure(8192), 'all of it is free again').to.equal(true);
  });

  it('a host without secure memory: H_UNSUPPORTED', async () => {
    const bench = await TestBench.create({ securePages: 0 });
    expect(await bench.guest.enterSecureMode()).to.include({ secure: false });
    expect(bench.of('hcall.return').find(({ name }) => name === 'H_SVM_INIT_START')).to.include({ r3Name: 'H_UNSUPPORTED' });
  });
});

describe('memory that is plugged in', () => {
  const SLOT = { slotid: 3, gpa: 1n << 32n, bytes: 1n << 24n };

  it('is registered, used, and given back', async () => {
    const bench = await TestBench.secure();
    const left = bench.host.memory.securePagesLeft;
    const { hypervisor } = bench.host;
    expect(await plugMemory(hypervisor, bench.guest.partition, SLOT)).to.equal(true);
    await bench.guest.write(SLOT.gpa + 7n, canary(3));
    expect(await bench.guest.read(SLOT.gpa + 7n, PAGE)).to.deep.equal(canary(3));
    expect(await unplugMemory(hypervisor, bench.guest.partition, SLOT.slotid)).to.equal(true);
    expect(bench.host.memory.securePagesLeft).to.equal(left);
    expect(await bench.guest.read(SLOT.gpa, 16), 'nothing is there any more').to.deep.equal(new Uint8Array(16));
  });

  it('an overlap is refused on either side', async () => {
    const bench = await TestBench.secure();
    expect(await plugMemory(bench.host.hypervisor, bench.guest.partition, { ...SLOT, gpa: 0n })).to.equal(false);
    expect(await bench.hv(0xf120, 1, 0, 0x1_0000, 0, 3)).to.equal(U.PARAMETER);
  });

  it('slots may touch, and may not overlap; what lies in the next one stays when a slot goes', async () => {
    const bench = await TestBench.secure();
    const { hypervisor } = bench.host;
    const { partition } = bench.guest;
    const page = BigInt(PAGE_BYTES);
    const end = SLOT.gpa + SLOT.bytes;
    const plug = (slotid: number, gpa: bigint, bytes = SLOT.bytes): Promise<boolean> =>
      plugMemory(hypervisor, partition, { slotid, gpa, bytes });
    expect(await plug(3, SLOT.gpa)).to.equal(true);
    expect([await plug(4, end - page), await plug(4, SLOT.gpa - SLOT.bytes + page)], 'one page too many').to.deep.equal([false, false]);
    expect([await plug(4, end), await plug(5, SLOT.gpa - SLOT.bytes)], 'behind and before').to.deep.equal([true, true]);
    // Normal pages of the hypervisor's: the last and the first of each slot.
    for (const gpa of [SLOT.gpa - page, SLOT.gpa, end - page, end]) partition.frame(gfnOf(gpa));
    expect(await unplugMemory(hypervisor, partition, 3)).to.equal(true);
    const left = [SLOT.gpa - page, SLOT.gpa, end - page, end].map(gpa => partition.state.frames.has(gfnOf(gpa)));
    expect(left).to.deep.equal([true, false, false, true]);
  });
});
