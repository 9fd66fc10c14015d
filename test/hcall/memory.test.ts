import { expect } from 'chai';
import { gfnOf, PAGE_BYTES, RealMemory, SECURE_BIT } from '../../src/hcall/index.ts';
import { machine } from './machine.ts';

const page = (n: number) => BigInt(n * PAGE_BYTES);

describe('memory of a guest', () => {
  it('of 64 GiB takes the room of the touched pages only', () => {
    const { guest, memory } = machine({ ramBytes: 64n << 30n });
    for (let n = 0; n < 100; n++) guest.write(BigInt(n) * (640n << 20n), Uint8Array.of(n + 1), 'guest');
    expect(memory.touchedPages).to.equal(100);
    for (let n = 0; n < 1000; n++) guest.read(BigInt(n) * (64n << 20n) + 0x1_0000n, 4096, 'guest');
    expect(memory.touchedPages).to.equal(100);
  });

  it('reads as zeros where nobody wrote, and beyond RAM', () => {
    const { guest } = machine();
    for (const gpa of [0n, 0x1234n, guest.ramBytes, 1n << 59n]) expect(guest.read(gpa, 16, 'guest')).to.deep.equal(new Uint8Array(16));
  });

  it('takes writes across pages', () => {
    const { guest, memory } = machine();
    const bytes = Uint8Array.from({ length: 2 * PAGE_BYTES + 10 }, (_, i) => (i * 7) & 0xff);
    guest.write(page(3) - 5n, bytes, 'guest');
    expect(guest.read(page(3) - 5n, bytes.length, 'guest')).to.deep.equal(bytes);
    expect(memory.touchedPages).to.equal(4);
  });

  it('cuts what crosses the end of RAM, on reads and writes', () => {
    const { guest, memory } = machine();
    guest.write(guest.ramBytes - 3n, Uint8Array.of(1, 2, 3, 4, 5), 'guest');
    expect(guest.read(guest.ramBytes - 4n, 6, 'guest')).to.deep.equal(Uint8Array.of(0, 1, 2, 3, 0, 0));
    guest.write(1n << 40n, Uint8Array.of(9), 'guest');
    expect(memory.touchedPages).to.equal(1);
  });

  it('is a copy: what was read does not change later', () => {
    const { guest } = machine();
    guest.write(0n, Uint8Array.of(1), 'guest');
    const before = guest.read(0n, 1, 'guest');
    guest.write(0n, Uint8Array.of(2), 'guest');
    expect(before).to.deep.equal(Uint8Array.of(1));
  });

  it('of two guests is not shared', () => {
    const { hypervisor, guest } = machine();
    const other = hypervisor.createGuest({ lpid: 2, ramBytes: 1n << 20n });
    guest.write(0n, Uint8Array.of(7), 'guest');
    expect(other.read(0n, 1, 'guest')).to.deep.equal(Uint8Array.of(0));
  });

  it('loses the contents of a frame that is dropped', () => {
    const { guest, memory } = machine();
    guest.write(page(2), Uint8Array.of(7), 'guest');
    guest.dropFrame(gfnOf(page(2)));
    guest.dropFrame(gfnOf(page(2)));
    expect(memory.touchedPages).to.equal(0);
    expect(guest.read(page(2), 1, 'guest')).to.deep.equal(Uint8Array.of(0));
  });
});

describe('real memory', () => {
  it('gives out each page once, and freed ones again', () => {
    const memory = new RealMemory();
    const [a, b] = [memory.allocate('normal'), memory.allocate('normal')];
    expect(a).not.to.equal(b);
    memory.free(a as bigint);
    expect(memory.allocate('normal')).to.equal(a);
  });

  it('has as much secure memory as it was built with', () => {
    const memory = new RealMemory(2);
    const first = memory.allocate('secure') as bigint;
    expect(first & SECURE_BIT).to.equal(SECURE_BIT);
    memory.allocate('secure');
    expect(memory.allocate('secure')).to.equal(null);
    memory.free(first);
    expect(memory.securePagesLeft).to.equal(1);
    expect(memory.allocate('secure')).to.equal(first);
  });

  it('keeps secure pages from hypervisor and guest', () => {
    const memory = new RealMemory();
    const ra = memory.allocate('secure') as bigint;
    memory.write(ra, Uint8Array.of(42), 'ultravisor');
    expect(memory.read(ra, 1, 'svm')).to.deep.equal(Uint8Array.of(42));
    for (const by of ['hypervisor', 'guest', 'tpm'] as const) {
      expect(() => memory.read(ra, 1, by)).to.throw(RangeError, by);
      expect(() => memory.write(ra, Uint8Array.of(1), by)).to.throw(RangeError, by);
      expect(() => memory.adopt(ra, new Uint8Array(PAGE_BYTES), by)).to.throw(RangeError, by);
    }
  });

  it('tells of writes into normal memory only', () => {
    const memory = new RealMemory();
    const told: string[] = [];
    memory.onNormalWrite = (_, bytes, by) => told.push(`${by} ${bytes.length}`);
    memory.write(memory.allocate('normal') as bigint, Uint8Array.of(1, 2), 'guest');
    memory.adopt(memory.allocate('normal') as bigint, new Uint8Array(PAGE_BYTES), 'ultravisor');
    memory.write(memory.allocate('secure') as bigint, Uint8Array.of(1), 'svm');
    expect(told).to.deep.equal(['guest 2', `ultravisor ${PAGE_BYTES}`]);
    expect([...memory.normalPages()]).to.have.length(2);
  });

  it('goes back to a snapshot, whatever was written since', () => {
    const memory = new RealMemory();
    const ra = memory.allocate('normal') as bigint;
    memory.write(ra, Uint8Array.of(1), 'guest');
    const before = memory.snapshot();
    memory.write(ra, Uint8Array.of(2), 'guest');
    const later = memory.allocate('normal');
    memory.restore(before);
    expect(memory.read(ra, 1, 'guest')).to.deep.equal(Uint8Array.of(1));
    expect(memory.allocate('normal')).to.equal(later);
    memory.write(ra, Uint8Array.of(3), 'guest');
    memory.restore(before);
    expect(memory.read(ra, 1, 'guest')).to.deep.equal(Uint8Array.of(1));
  });
});
