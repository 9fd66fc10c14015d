import { MSR, PAGE_BYTES, type RealMemory, type UltravisorPort, type Vcpu } from '../hcall/index.ts';
import type { Phase } from '../own-firmware/index.ts';
import { readSvm, reflectHypercall, startUltravisor, type UltracallDispatcher, type Ultravisor, writeSvm } from '../ultravisor/index.ts';

/** What the machine, and whoever watches it, needs of its Ultravisor: the simulator's own or one that runs elsewhere. */
export interface SecureWorld extends UltravisorPort {
  /** Host boot is over. Nothing of the time before is left. */
  start(uvFdt: Uint8Array): Promise<void>;
  /** `sc 1` of a Secure VM. */
  reflect(vcpu: Vcpu): Promise<void>;
  /** Memory as a Secure VM sees it. */
  read(vcpu: Vcpu, gpa: bigint, length: number): Promise<Uint8Array>;
  write(vcpu: Vcpu, gpa: bigint, bytes: Uint8Array): Promise<void>;
  phaseOf(lpid: number): Promise<Phase>;
  /** A frame of a Secure VM as it would see it, without any effect; null: it does not lie in secure memory. */
  lookAt(lpid: number, gfn: bigint): Promise<Uint8Array | null>;
  close(): void;
}

/** The simulator's own Ultravisor as a {@link SecureWorld}. */
export class BuiltInUltravisor implements SecureWorld {
  readonly #uv: Ultravisor;
  readonly #calls: UltracallDispatcher;
  readonly #memory: RealMemory;

  constructor(uv: Ultravisor, calls: UltracallDispatcher, memory: RealMemory) {
    this.#uv = uv;
    this.#calls = calls;
    this.#memory = memory;
  }

  async start(uvFdt: Uint8Array): Promise<void> {
    startUltravisor(this.#uv, uvFdt);
  }

  ultracall(vcpu: Vcpu): Promise<void> {
    return this.#calls.ultracall(vcpu);
  }

  reflect(vcpu: Vcpu): Promise<void> {
    return reflectHypercall(this.#uv, vcpu);
  }

  async read(vcpu: Vcpu, gpa: bigint, length: number): Promise<Uint8Array> {
    return readSvm(this.#contextOf(vcpu), gpa, length, 'svm');
  }

  async write(vcpu: Vcpu, gpa: bigint, bytes: Uint8Array): Promise<void> {
    await writeSvm(this.#contextOf(vcpu), gpa, bytes, 'svm');
  }

  #contextOf(vcpu: Vcpu): Parameters<typeof readSvm>[0] {
    const svm = this.#uv.svm(vcpu.regs.lpidr);
    if (!svm || !vcpu.has(MSR.S)) throw new RangeError(`lpid ${vcpu.regs.lpidr} is no Secure VM`);
    return { uv: this.#uv, svm, vcpu };
  }

  async phaseOf(lpid: number): Promise<Phase> {
    return this.#uv.svm(lpid)?.phase ?? 'none';
  }

  async lookAt(lpid: number, gfn: bigint): Promise<Uint8Array | null> {
    const frame = this.#uv.svm(lpid)?.frames.get(gfn);
    if (frame?.state === 'PAGEDOUT') return null;
    const ra = frame?.secureRa ?? null;
    return ra === null ? new Uint8Array(PAGE_BYTES) : this.#memory.read(ra, PAGE_BYTES, 'ultravisor');
  }

  close(): void {}
}
