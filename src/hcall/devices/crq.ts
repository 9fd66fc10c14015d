import type { Stateful } from '../../sim/index.ts';
import type { Partition } from '../kvm/partition.ts';
import type { TceTable } from './tce-table.ts';

/** Bytes of an entry: valid u8, message u8, length u16, data u32, reserved u64, big-endian. */
export const CRQ_ENTRY_BYTES = 16;

/** An entry's fields, as the vTPM uses them. */
export interface CrqEntry {
  readonly valid: number;
  readonly msg: number;
  readonly len?: number;
  readonly data?: number;
}

export function writeCrqEntry({ valid, msg, len = 0, data = 0 }: CrqEntry): Uint8Array {
  const bytes = new Uint8Array(CRQ_ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, valid);
  view.setUint8(1, msg);
  view.setUint16(2, len);
  view.setUint32(4, data);
  return bytes;
}

export function readCrqEntry(bytes: Uint8Array): Required<CrqEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { valid: view.getUint8(0), msg: view.getUint8(1), len: view.getUint16(2), data: view.getUint32(4) };
}

export interface CrqState {
  /** I/O address of the queue. */
  readonly address: number;
  /** Bytes; 0: no queue is registered. */
  readonly size: number;
  /** Offset of the entry that is written next. */
  readonly next: number;
}
const NONE: CrqState = { address: 0, size: 0, next: 0 };

/** The command/response queue to the guest: a ring of entries in its memory (QEMU hw/ppc/spapr_vio.c, "CRQ handling"). */
export class CrqQueue implements Stateful<CrqState> {
  readonly #tces: TceTable;
  #state: CrqState = NONE;

  constructor(tces: TceTable) {
    this.#tces = tces;
  }

  get registered(): boolean {
    return this.#state.size > 0;
  }

  register(address: number, size: number): void {
    this.#state = { address, size, next: 0 };
  }

  free(): void {
    this.#state = NONE;
  }

  /**
   * Puts an entry into the queue. `full`: the guest has not taken the entry that stands there; it is not overwritten, and the new
   * one is lost. `unregistered`, `unmapped`: there is nowhere to put it.
   */
  send(partition: Partition, entry: Uint8Array): 'sent' | 'full' | 'unregistered' | 'unmapped' {
    const { address, size, next } = this.#state;
    if (size === 0) return 'unregistered';
    const valid = this.#tces.read(partition, address + next, 1);
    if (!valid) return 'unmapped';
    if (valid[0] !== 0) return 'full';
    // The half with the valid byte comes last: a guest that polls never sees half an entry.
    if (!this.#tces.write(partition, address + next + 8, entry.subarray(8))) return 'unmapped';
    if (!this.#tces.write(partition, address + next, entry.subarray(0, 8))) return 'unmapped';
    this.#state = { address, size, next: (next + CRQ_ENTRY_BYTES) % size };
    return 'sent';
  }

  snapshot(): CrqState {
    return this.#state;
  }

  restore(state: CrqState): void {
    this.#state = { ...state };
  }
}
