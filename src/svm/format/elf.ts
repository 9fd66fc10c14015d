import { DecodeError } from '../../bytes/index.ts';

const PT_LOAD = 1;
const SHT_NOBITS = 8;
const SHF_ALLOC = 0x2;
const SHF_TLS = 0x400;
/** A flat image above this is no kernel but a mistaken gap between sections. */
const MAX_IMAGE_BYTES = 1 << 30;

interface Section {
  readonly type: number;
  readonly flags: number;
  readonly addr: bigint;
  readonly offset: bigint;
  readonly size: bigint;
}

interface Segment {
  readonly type: number;
  readonly offset: bigint;
  readonly vaddr: bigint;
  readonly paddr: bigint;
  readonly filesz: bigint;
  readonly memsz: bigint;
}

/** Whether the bytes begin with the ELF magic. */
export const isElf = (bytes: Uint8Array): boolean => bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;

/**
 * The flat image of an ELF64 file, either byte order: the bytes `objcopy -O binary -S` gives, which are what the owner measures.
 * Loaded sections at their load addresses, the lowest first, gaps zero; what is only reserved (.bss) is left out.
 * @throws {DecodeError} `magic`, `value`, `short`, `size` with the byte in the file.
 */
export function flattenElf(bytes: Uint8Array): Uint8Array {
  const { sections, segments } = readElf(bytes);
  const loaded = sections
    .filter(({ type, flags, size }) => type !== SHT_NOBITS && (flags & SHF_ALLOC) !== 0 && size > 0n)
    .map(section => ({ section, at: loadAddress(section, segments) }));
  if (loaded.length === 0) return new Uint8Array(0);
  const low = loaded.reduce((least, { at }) => (at < least ? at : least), loaded[0]?.at ?? 0n);
  const high = loaded.reduce((most, { at, section }) => (at + section.size > most ? at + section.size : most), 0n);
  if (high - low > MAX_IMAGE_BYTES) {
    throw new DecodeError('size', 'sections', 40, `the flat image would have ${high - low} bytes, more than ${MAX_IMAGE_BYTES}`);
  }
  const image = new Uint8Array(Number(high - low));
  for (const { section, at } of loaded) {
    image.set(bytes.subarray(Number(section.offset), Number(section.offset + section.size)), Number(at - low));
  }
  return image;
}

/** BFD's rule (binutils bfd/elf.c, _bfd_elf_make_section_from_shdr): the segment that holds the section says where it is loaded. */
function loadAddress(section: Section, segments: readonly Segment[]): bigint {
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  // Some linkers leave every physical address 0: with more than one segment they mean nothing.
  if (loads.length > 1 && segments.every(({ paddr }) => paddr === 0n)) return section.addr;
  if ((section.flags & SHF_TLS) !== 0) return section.addr;
  const holder = loads.find(
    ({ offset, filesz, vaddr, memsz }) =>
      section.offset >= offset &&
      section.offset + section.size <= offset + filesz &&
      section.addr >= vaddr &&
      section.addr + section.size <= vaddr + memsz,
  );
  return holder ? holder.paddr + section.offset - holder.offset : section.addr;
}

function readElf(bytes: Uint8Array): { readonly sections: readonly Section[]; readonly segments: readonly Segment[] } {
  if (bytes.length < 64) throw new DecodeError('short', 'ELF header', 0, `64 bytes expected, ${bytes.length} are there`);
  if (!isElf(bytes)) throw new DecodeError('magic', 'ELF header', 0, 'no ELF file');
  if (bytes[4] !== 2) throw new DecodeError('value', 'EI_CLASS', 4, 'not a 64-bit ELF file');
  if (bytes[5] !== 1 && bytes[5] !== 2) throw new DecodeError('value', 'EI_DATA', 5, 'neither little-endian nor big-endian');
  const little = bytes[5] === 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u16 = (at: number) => view.getUint16(at, little);
  const u32 = (at: number) => view.getUint32(at, little);
  const u64 = (at: number) => view.getBigUint64(at, little);

  const table = (name: string, offset: bigint, count: number, entry: number, least: number, field: number): number[] => {
    if (count === 0) return [];
    if (entry < least) throw new DecodeError('size', name, field, `entries of ${entry} bytes, at least ${least} expected`);
    if (offset + BigInt(count * entry) > BigInt(bytes.length)) {
      throw new DecodeError('short', name, field, `${count} entries from byte ${offset} end behind the file's ${bytes.length} bytes`);
    }
    return Array.from({ length: count }, (_, i) => Number(offset) + i * entry);
  };

  const sections = table('section headers', u64(40), u16(60), u16(58), 64, 40).map((at, i): Section => {
    const section = {
      type: u32(at + 4),
      flags: Number(u64(at + 8) & 0xffffn),
      addr: u64(at + 16),
      offset: u64(at + 24),
      size: u64(at + 32),
    };
    if (section.type !== SHT_NOBITS && (section.flags & SHF_ALLOC) !== 0 && section.offset + section.size > BigInt(bytes.length)) {
      throw new DecodeError('short', `section ${i}`, at + 24, `its ${section.size} bytes end behind the file's ${bytes.length} bytes`);
    }
    return section;
  });
  if (sections.length === 0) throw new DecodeError('value', 'e_shnum', 60, 'the file has no section headers');
  const segments = table('program headers', u64(32), u16(56), u16(54), 56, 32).map(
    (at): Segment => ({
      type: u32(at),
      offset: u64(at + 8),
      vaddr: u64(at + 16),
      paddr: u64(at + 24),
      filesz: u64(at + 32),
      memsz: u64(at + 40),
    }),
  );
  return { sections, segments };
}
