import { gfnOf } from '../hardware/memory.ts';
import type { Partition } from './partition.ts';

/** A guest's memory as its hypervisor has it: what lies in secure memory is out of its reach. */
export class NormalMemory {
  readonly #partition: Partition;

  constructor(partition: Partition) {
    this.#partition = partition;
  }

  /** A frame in secure memory reads as the normal page that KVM keeps behind it. */
  read(gpa: bigint, length: number): Uint8Array {
    return this.#partition.read(gpa, length, 'hypervisor');
  }

  write(gpa: bigint, bytes: Uint8Array): void {
    this.#partition.write(gpa, bytes, 'hypervisor');
  }

  /** Whether an address is RAM whose frame has not moved to secure memory. */
  holds(gpa: bigint): boolean {
    return this.#partition.hasRam(gpa) && this.#partition.gfnState(gfnOf(gpa)) === 'normal';
  }
}
