import type { Actor, Stateful } from '../../sim/index.ts';
import { gfnOf, PAGE_BYTES, pageOffset, type RealMemory } from '../hardware/memory.ts';
import { type Registers, Vcpu } from '../hardware/vcpu.ts';

/**
 * What KVM notes of a guest frame (Linux arch/powerpc/kvm/book3s_hv_uvmem.c, pfns[] bits 63..61;
 * docs/reference/pef.md#the-hypervisors-view).
 */
export type GfnState = 'normal' | 'secure' | 'paged-out' | 'shared';

/** Flags of `secure_guest` (Linux arch/powerpc/kvm/book3s_hv_uvmem.c). */
export const SECURE_GUEST = { INIT_START: 1, INIT_DONE: 2 } as const;

export interface MemSlot {
  readonly slotid: number;
  readonly gpa: bigint;
  readonly bytes: bigint;
}

export interface PartitionOptions {
  readonly lpid: number;
  readonly ramBytes: bigint;
  readonly vcpus?: number;
  /** Secure VMs are allowed for this guest (KVM_CAP_PPC_SECURE_GUEST). */
  readonly secureAllowed?: boolean;
}

export interface PartitionState {
  frames: Map<bigint, bigint>;
  gfnStates: Map<bigint, GfnState>;
  untouched: GfnState;
  slots: MemSlot[];
  /** Frames that a device holds on to (VFIO): they cannot move to secure memory. */
  pinned: Set<bigint>;
  secureGuest: number;
  /** `running`; `stuck`: a hypercall never returns; `dead`: its QEMU is gone. */
  life: 'running' | 'stuck' | 'dead';
  vcpus: { id: number; regs: Registers }[];
}

/** A virtual machine as the hypervisor has it: RAM of its own, frames and their states, vCPUs. */
export class Partition implements Stateful<PartitionState> {
  readonly lpid: number;
  readonly ramBytes: bigint;
  readonly secureAllowed: boolean;
  readonly memory: RealMemory;
  vcpus: readonly Vcpu[];
  #state: PartitionState;

  constructor(memory: RealMemory, { lpid, ramBytes, vcpus = 1, secureAllowed = true }: PartitionOptions) {
    this.lpid = lpid;
    this.ramBytes = ramBytes;
    this.secureAllowed = secureAllowed;
    this.memory = memory;
    this.vcpus = Array.from({ length: vcpus }, (_, id) => new Vcpu(id, lpid));
    this.#state = {
      frames: new Map(),
      gfnStates: new Map(),
      untouched: 'normal',
      slots: [{ slotid: 0, gpa: 0n, bytes: ramBytes }],
      pinned: new Set(),
      secureGuest: 0,
      life: 'running',
      vcpus: [],
    };
  }

  /** Plain state, for the hypervisor's own handlers. */
  get state(): PartitionState {
    return this.#state;
  }

  /** The memory slot that holds this address; RAM that was plugged in later has slots of its own. */
  slotAt(gpa: bigint): MemSlot | undefined {
    return this.#state.slots.find(slot => gpa >= slot.gpa && gpa < slot.gpa + slot.bytes);
  }

  hasRam(gpa: bigint): boolean {
    return this.slotAt(gpa) !== undefined;
  }

  gfnState(gfn: bigint): GfnState {
    return this.#state.gfnStates.get(gfn) ?? this.#state.untouched;
  }

  setGfnState(gfn: bigint, state: GfnState): void {
    if (state === this.#state.untouched) this.#state.gfnStates.delete(gfn);
    else this.#state.gfnStates.set(gfn, state);
  }

  /** The normal page behind a frame, made if there is none. */
  frame(gfn: bigint): bigint {
    const known = this.#state.frames.get(gfn);
    if (known !== undefined) return known;
    const ra = this.memory.allocate('normal') as bigint; // normal memory has no limit here
    this.#state.frames.set(gfn, ra);
    return ra;
  }

  /** Gives the normal page behind a frame back: the guest's contents have moved elsewhere. */
  dropFrame(gfn: bigint): void {
    const ra = this.#state.frames.get(gfn);
    if (ra === undefined) return;
    this.memory.free(ra);
    this.#state.frames.delete(gfn);
  }

  /** Guest memory as QEMU and a normal guest see it: beyond RAM, and where nobody wrote, are zeros. */
  read(gpa: bigint, length: number, by: Actor): Uint8Array {
    const out = new Uint8Array(length);
    this.#pieces(gpa, length, (at, piece, done) => {
      const ra = this.#state.frames.get(gfnOf(at));
      if (ra !== undefined) out.set(this.memory.read(ra + BigInt(pageOffset(at)), piece, by), done);
    });
    return out;
  }

  /** Writes beyond RAM are lost (observed: fixtures/observed/h_tpm_comm.json#out-unmapped). */
  write(gpa: bigint, bytes: Uint8Array, by: Actor): void {
    this.#pieces(gpa, bytes.length, (at, piece, done) => {
      this.memory.write(this.frame(gfnOf(at)) + BigInt(pageOffset(at)), bytes.subarray(done, done + piece), by);
    });
  }

  /** Calls `body` for the part of the range in each page of RAM. */
  #pieces(gpa: bigint, length: number, body: (at: bigint, piece: number, done: number) => void): void {
    for (let done = 0; done < length; ) {
      const at = gpa + BigInt(done);
      const piece = Math.min(PAGE_BYTES - pageOffset(at), length - done);
      const slot = this.slotAt(at);
      const left = slot ? slot.gpa + slot.bytes - at : 0n;
      if (slot) body(at, left < BigInt(piece) ? Number(left) : piece, done);
      done += piece;
    }
  }

  snapshot(): PartitionState {
    return structuredClone({ ...this.#state, vcpus: this.vcpus.map(({ id, regs }) => ({ id, regs })) });
  }

  restore(state: PartitionState): void {
    this.#state = structuredClone(state);
    this.vcpus = this.#state.vcpus.map(({ id, regs }) => {
      const vcpu = new Vcpu(id, this.lpid);
      vcpu.load(regs);
      return vcpu;
    });
  }
}
