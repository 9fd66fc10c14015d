import type { Stateful } from '../../sim/index.ts';
import type { Partition } from '../kvm/partition.ts';

/** SPAPR_TCE_PAGE_SHIFT: a TCE maps 4 KiB. */
const TCE_SHIFT = 12;
const TCE_BYTES = 1 << TCE_SHIFT;
/** Low bits of a TCE: what the device may do. */
const MAY = { read: 1n, write: 2n } as const;

export interface TceTableState {
  /** TCE by number of its I/O page; absent: nothing mapped. */
  readonly entries: ReadonlyMap<number, bigint>;
}

/**
 * What a device on the VIO bus sees of its guest's memory: a window of I/O addresses, page by page mapped by the guest
 * (QEMU hw/ppc/spapr_iommu.c).
 */
export class TceTable implements Stateful<TceTableState> {
  /** Logical I/O bus number, by which hypercalls name the table. */
  readonly liobn: number;
  readonly windowBytes: number;
  #entries = new Map<number, bigint>();

  constructor(liobn: number, windowBytes: number) {
    this.liobn = liobn;
    this.windowBytes = windowBytes;
  }

  /** TCEs that the window has. */
  get pages(): number {
    return this.windowBytes / TCE_BYTES;
  }

  /** H_PUT_TCE. False: the address lies outside the window. */
  put(ioba: bigint, tce: bigint): boolean {
    if (ioba >= BigInt(this.windowBytes)) return false;
    const index = Number(ioba >> BigInt(TCE_SHIFT));
    if (tce === 0n) this.#entries.delete(index);
    else this.#entries.set(index, tce);
    return true;
  }

  /** H_GET_TCE; null outside the window. */
  get(ioba: bigint): bigint | null {
    return ioba < BigInt(this.windowBytes) ? (this.#entries.get(Number(ioba >> BigInt(TCE_SHIFT))) ?? 0n) : null;
  }

  /** The device reads guest memory; null when a page is not mapped for that, or is no RAM. */
  read(partition: Partition, ioba: number, length: number): Uint8Array | null {
    const out = new Uint8Array(length);
    return this.readInto(partition, ioba, out) ? out : null;
  }

  /** The same into a buffer that it has. False: some of it could not be read; what came before is there. */
  readInto(partition: Partition, ioba: number, buffer: Uint8Array): boolean {
    return this.#pieces(partition, ioba, buffer.length, 'read', (gpa, at, piece) => {
      buffer.set(partition.read(gpa, piece, 'hypervisor'), at);
    });
  }

  /** The device writes guest memory. False: some of it was not mapped; what came before is written. */
  write(partition: Partition, ioba: number, bytes: Uint8Array): boolean {
    return this.#pieces(partition, ioba, bytes.length, 'write', (gpa, at, piece) => {
      partition.write(gpa, bytes.subarray(at, at + piece), 'hypervisor');
    });
  }

  #pieces(
    partition: Partition,
    ioba: number,
    length: number,
    access: keyof typeof MAY,
    body: (gpa: bigint, at: number, piece: number) => void,
  ): boolean {
    for (let at = 0; at < length; ) {
      const address = ioba + at;
      const offset = address % TCE_BYTES;
      const piece = Math.min(TCE_BYTES - offset, length - at);
      const tce = this.get(BigInt(address)) ?? 0n;
      const gpa = ((tce >> BigInt(TCE_SHIFT)) << BigInt(TCE_SHIFT)) + BigInt(offset);
      if ((tce & MAY[access]) === 0n || !partition.hasRam(gpa)) return false;
      body(gpa, at, piece);
      at += piece;
    }
    return true;
  }

  reset(): void {
    this.#entries.clear();
  }

  snapshot(): TceTableState {
    return { entries: new Map(this.#entries) };
  }

  restore({ entries }: TceTableState): void {
    this.#entries = new Map(entries);
  }
}
