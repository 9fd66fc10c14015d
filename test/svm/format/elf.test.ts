import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError } from '../../../src/bytes/index.ts';
import { flattenElf } from '../../../src/svm/format/index.ts';
import { caseNames, recorded } from '../vectors.ts';

interface Part {
  readonly vaddr: bigint;
  readonly paddr: bigint;
  readonly data: Uint8Array;
  readonly nobits?: boolean;
}

/** A small ELF64 file: each part is a section in a PT_LOAD segment of its own. */
function elf(parts: readonly Part[], little = true): Uint8Array {
  const dataAt = 64 + parts.length * 56;
  const sectionsAt = dataAt + parts.reduce((sum, { data }) => sum + data.length, 0);
  const file = new Uint8Array(sectionsAt + (parts.length + 1) * 64);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1]);
  view.setBigUint64(32, 64n, little);
  view.setBigUint64(40, BigInt(sectionsAt), little);
  for (const [at, value] of [
    [54, 56],
    [56, parts.length],
    [58, 64],
    [60, parts.length + 1],
  ] as const)
    view.setUint16(at, value, little);
  let offset = dataAt;
  for (const [i, { vaddr, paddr, data, nobits = false }] of parts.entries()) {
    const segment = 64 + i * 56;
    view.setUint32(segment, 1, little);
    const size = BigInt(data.length);
    for (const [at, value] of [
      [8, BigInt(offset)],
      [16, vaddr],
      [24, paddr],
      [32, nobits ? 0n : size],
      [40, size],
    ] as const) {
      view.setBigUint64(segment + at, value, little);
    }
    const section = sectionsAt + (i + 1) * 64;
    view.setUint32(section + 4, nobits ? 8 : 1, little);
    for (const [at, value] of [
      [8, 2n],
      [16, vaddr],
      [24, BigInt(offset)],
      [32, size],
    ] as const)
      view.setBigUint64(section + at, value, little);
    file.set(data, offset);
    offset += data.length;
  }
  return file;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('ELF to flat image', () => {
  for (const name of caseNames) {
    it(`${name}: equals objcopy -O binary -S`, () => {
      const { read, manifest } = recorded(name);
      expect(Buffer.compare(flattenElf(read(manifest.inputs.vmlinux)), read(manifest.inputs.kernelFlat))).to.equal(0);
    });
  }

  for (const little of [true, false]) {
    it(`fills gaps with zeros and leaves out .bss (${little ? 'little' : 'big'}-endian)`, () => {
      const file = elf(
        [
          { vaddr: 0x100n, paddr: 0x100n, data: bytes(1, 2) },
          { vaddr: 0x106n, paddr: 0x106n, data: bytes(3) },
          { vaddr: 0x200n, paddr: 0x200n, data: new Uint8Array(8), nobits: true },
        ],
        little,
      );
      expect(flattenElf(file)).to.deep.equal(bytes(1, 2, 0, 0, 0, 0, 3));
    });
  }

  it('lays sections at their load addresses', () => {
    const file = elf([
      { vaddr: 0xc000_0000_0000_0000n, paddr: 0x10n, data: bytes(2) },
      { vaddr: 0xc000_0000_0001_0000n, paddr: 0xen, data: bytes(1) },
    ]);
    expect(flattenElf(file)).to.deep.equal(bytes(1, 0, 2));
  });

  it('takes virtual addresses when no segment has a physical one', () => {
    const file = elf([
      { vaddr: 0x10n, paddr: 0n, data: bytes(1) },
      { vaddr: 0x12n, paddr: 0n, data: bytes(2) },
    ]);
    expect(flattenElf(file)).to.deep.equal(bytes(1, 0, 2));
  });

  it('refuses what is no ELF64 file, with the byte', () => {
    const good = elf([{ vaddr: 0n, paddr: 0n, data: bytes(1) }]);
    const with8 = (at: number, value: number) => () => flattenElf(good.slice().fill(value, at, at + 1));
    expect(() => flattenElf(bytes(1, 2)))
      .to.throw(DecodeError)
      .that.includes({ fault: 'short', offset: 0 });
    expect(with8(0, 0)).to.throw(DecodeError).that.includes({ fault: 'magic', offset: 0 });
    expect(with8(4, 1)).to.throw(DecodeError).that.includes({ fault: 'value', offset: 4 });
    expect(with8(5, 3)).to.throw(DecodeError).that.includes({ fault: 'value', offset: 5 });
    expect(with8(47, 0x7f)).to.throw(DecodeError).that.includes({ fault: 'short', path: 'section headers' });
  });

  it('refuses a gap that no kernel has', () => {
    const file = elf([
      { vaddr: 0n, paddr: 1n, data: bytes(1) },
      { vaddr: 1n << 40n, paddr: 1n << 40n, data: bytes(2) },
    ]);
    expect(() => flattenElf(file))
      .to.throw(DecodeError)
      .that.includes({ fault: 'size' });
  });

  it('answers any bytes with an image or a DecodeError', () => {
    const good = elf([{ vaddr: 0x10n, paddr: 0x10n, data: bytes(1, 2, 3) }]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }), changes => {
        const copy = good.slice();
        for (const [at, value] of changes) copy[at] = value;
        try {
          flattenElf(copy);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
