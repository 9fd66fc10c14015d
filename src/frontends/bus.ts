/** A stretch of guest-physical addresses that a device answers. Offsets are in bytes from its base; at most 4 bytes at a time. */
export interface Region {
  readonly name: string;
  readonly base: number;
  readonly bytes: number;
  read(offset: number, size: number): number | Promise<number>;
  write(offset: number, size: number, value: number): void | Promise<void>;
}

const WIDEST = 4;

/** The memory bus of a board: RAM from 0 on, devices above. Where nobody is, reads give 0 and writes are lost (QEMU softmmu/memory.c). */
export class Bus {
  readonly #regions: Region[] = [];

  map(region: Region): void {
    this.#regions.push(region);
  }

  /** Bytes in the order of memory. */
  async read(address: number, length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const size = pieceAt(address + at, length - at);
      const region = this.#at(address + at);
      const value = region ? await region.read(address + at - region.base, size) : 0;
      for (let i = 0; i < size; i++) out[at + i] = (value >>> (8 * i)) & 0xff;
      at += size;
    }
    return out;
  }

  async write(address: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const size = pieceAt(address + at, bytes.length - at);
      const region = this.#at(address + at);
      if (region) await region.write(address + at - region.base, size, littleEndian(bytes.subarray(at, at + size)));
      at += size;
    }
  }

  #at(address: number): Region | undefined {
    return this.#regions.find(({ base, bytes }) => address >= base && address < base + bytes);
  }
}

/** An access is cut into pieces no wider than 4 bytes and than the alignment of its address (QEMU softmmu/physmem.c, memory_access_size). */
function pieceAt(address: number, left: number): number {
  let size = WIDEST;
  while (size > left || address % size !== 0) size /= 2;
  return size;
}

export const littleEndian = (bytes: Uint8Array): number => bytes.reduceRight((value, byte) => value * 256 + byte, 0);

/** Memory as a region of the bus. */
export function memoryRegion(name: string, base: number, memory: Uint8Array): Region {
  return {
    name,
    base,
    bytes: memory.length,
    read: (offset, size) => littleEndian(memory.subarray(offset, offset + size)),
    write(offset, size, value) {
      for (let i = 0; i < size; i++) memory[offset + i] = (value >>> (8 * i)) & 0xff;
    },
  };
}
