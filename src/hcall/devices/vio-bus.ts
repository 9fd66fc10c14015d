import type { CrqQueue } from './crq.ts';
import type { TceTable } from './tce-table.ts';

/** A device on the VIO bus. Its unit address is also the number of its TCE table (SPAPR_VIO_LIOBN). */
export interface VioDevice {
  readonly unit: number;
  readonly tces: TceTable;
  /** Null: the device has no queue (H_REG_CRQ answers H_NOT_FOUND). */
  readonly crq: CrqQueue | null;
  /** The signals that H_VIO_SIGNAL may switch on. */
  readonly signalMask: number;
  /** Which of them are on: bit 0 is the interrupt of the queue. */
  signals: number;
  /** A message of the guest's; the result of H_SEND_CRQ. */
  receive(entry: Uint8Array): number;
  /** Lets what runs behind the device come to its end: the guest waits for an interrupt. */
  settle(): Promise<void>;
  reset(): Promise<void>;
  /** The guest's QEMU ends. */
  end(): Promise<void>;
  snapshot(): unknown;
  restore(state: never): void;
}

/** Where the bus begins to give addresses; the machine's own nvram has the first (observed: vtpm@71000001). */
const FIRST_UNIT = 0x7100_0001;

/** The VIO bus of one guest. */
export class VioBus {
  readonly #devices = new Map<number, VioDevice>();

  get devices(): readonly VioDevice[] {
    return [...this.#devices.values()];
  }

  /** An address that no device has, for one that asks for none. */
  freeUnit(): number {
    let unit = FIRST_UNIT;
    while (this.#devices.has(unit)) unit++;
    return unit;
  }

  /** False: the address is taken. */
  plug(device: VioDevice): boolean {
    if (this.#devices.has(device.unit)) return false;
    this.#devices.set(device.unit, device);
    return true;
  }

  /** The device that a hypercall names: all 64 bits of the register count. */
  find(unit: bigint): VioDevice | undefined {
    return unit <= 0xffff_ffffn ? this.#devices.get(Number(unit)) : undefined;
  }

  table(liobn: bigint): TceTable | undefined {
    return this.find(liobn)?.tces;
  }

  async settle(): Promise<void> {
    for (const device of this.#devices.values()) await device.settle();
  }

  async reset(): Promise<void> {
    for (const device of this.#devices.values()) await device.reset();
  }

  async end(): Promise<void> {
    for (const device of this.#devices.values()) await device.end();
  }

  snapshot(): ReadonlyMap<number, unknown> {
    return new Map([...this.#devices].map(([unit, device]) => [unit, device.snapshot()]));
  }

  restore(state: ReadonlyMap<number, unknown>): void {
    for (const [unit, device] of this.#devices) {
      const saved = state.get(unit);
      // A type that no one can name: what this very kind of device gave out at this unit address comes back to it.
      if (saved !== undefined) device.restore(saved as never);
    }
  }
}
