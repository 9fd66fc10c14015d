import { Halt, Hypervisor, hcalls, MSR, type Partition, RealMemory, SYSTEM_CALL, type Vcpu } from '../../../hcall/index.ts';
import { createWorld, type World } from '../../../sim/index.ts';
import type { Tpm } from '../../../tpm/index.ts';
import { type Profile, reflectInterrupt, startUltravisor, UltracallDispatcher, Ultravisor, ultracalls } from '../../../ultravisor/index.ts';
import type { GuestInput } from './guest-input.ts';
import { PlayedHypervisor } from './played-hypervisor.ts';
import type { Fault, Outcome } from './ultravisor-recording.ts';

export const LPID = 1;
/** Where the guest of the recording makes its calls, and its MSR. */
export const CALLER_PC = 0x0240_0000n;
const CALLER_MSR = MSR.SF | MSR.ME;
/** bytes; the recording's machine has room for one guest and what is kept of it, not for two. */
const SECURE_BYTES = 96 << 20;
const PAGE = 65536;

export interface MachineOptions {
  readonly profile: Profile;
  readonly ramBytes: bigint;
  readonly tpm?: Tpm | null;
  readonly secureBytes?: number;
  readonly slots?: readonly (readonly [id: number, start: number, bytes: number])[];
  readonly faults?: readonly Fault[];
  readonly earlier?: readonly Uint8Array[];
  /** Chance of the world. */
  readonly seed?: string;
}

/** One guest, an Ultravisor, and the hypervisor that a recording has. */
export class PlayedMachine {
  readonly world: World;
  readonly memory: RealMemory;
  readonly hypervisor: Hypervisor;
  readonly partition: Partition;
  readonly uv: Ultravisor;
  readonly dispatcher: UltracallDispatcher;
  readonly host: PlayedHypervisor;

  constructor({
    profile,
    ramBytes,
    tpm = null,
    secureBytes = SECURE_BYTES,
    slots,
    faults = [],
    earlier = [],
    seed = 'conform',
  }: MachineOptions) {
    this.world = createWorld(seed);
    this.memory = new RealMemory(Math.floor(secureBytes / PAGE));
    const noFiles = {
      open: () => {
        throw new RangeError('no device file belongs to the recording');
      },
    };
    this.hypervisor = new Hypervisor(this.world, this.memory, { calls: hcalls, files: noFiles });
    this.partition = this.hypervisor.createGuest({ lpid: LPID, ramBytes });
    if (slots) this.partition.state.slots = slots.map(([slotid, start, bytes]) => ({ slotid, gpa: BigInt(start), bytes: BigInt(bytes) }));
    this.uv = new Ultravisor(this.world, this.memory, { interrupt: (vcpu, vector) => this.#interrupt(vcpu, vector) }, profile);
    this.dispatcher = new UltracallDispatcher(this.uv, ultracalls);
    this.hypervisor.ultravisor = this.dispatcher;
    this.host = new PlayedHypervisor(this.hypervisor, this.partition, { tpm, faults, earlier });
  }

  /** An interrupt of an SVM that the recording shows as it reaches the hypervisor; what becomes of it there is not recorded. */
  async #interrupt(vcpu: Vcpu, vector: number): Promise<void> {
    if (vector !== SYSTEM_CALL) throw new Halt('guest', `0x${vector.toString(16)}`);
    await this.hypervisor.interrupt(vcpu, vector);
  }

  get vcpu(): Vcpu {
    const [vcpu] = this.partition.vcpus;
    if (!vcpu) throw new RangeError('the guest has no processor');
    return vcpu;
  }

  /** Firmware hands over, the guest is loaded. Memory outside of RAM takes nothing. */
  load({ pieces, uvFdt }: GuestInput): void {
    if (uvFdt) startUltravisor(this.uv, uvFdt);
    for (const { gpa, bytes } of pieces) this.partition.write(gpa, bytes, 'guest');
  }

  /** Registers as the recorded guest had them before a call. */
  arrange(number: number, args: readonly bigint[], msr = CALLER_MSR, pc = CALLER_PC): void {
    const { vcpu } = this;
    for (let n = 0; n < 32; n++) vcpu.set(n, 0xa000_0000_0000_0000n | BigInt(n * 0x11));
    Object.assign(vcpu.regs, { cr: 0x2400_0024n, xer: 0x2000_0000n, ctr: 0x77n, lr: 0x1234n, pidr: 0n, msr, pc });
    vcpu.regs.spr = { LPCR: 0x50_0000n };
    vcpu.set(3, number);
    args.forEach((value, i) => {
      vcpu.set(4 + i, value);
    });
  }

  /** A storage interrupt of the SVM at a guest address. */
  async interrupt(vector: number, gpa: bigint): Promise<void> {
    await reflectInterrupt(this.uv, this.vcpu, vector, { ASDR: gpa, HDAR: gpa });
  }

  /** The guest's `sc 2`, and how it came to an end. */
  async sc2(): Promise<Outcome> {
    return this.ended(() => this.dispatcher.ultracall(this.vcpu));
  }

  async ended(run: () => Promise<void>): Promise<Outcome> {
    try {
      await run();
    } catch (halt) {
      if (!(halt instanceof Halt)) throw halt;
      return halt.scope === 'host' ? { how: 'Ultravisor stops' } : { how: 'interrupt to the hypervisor', vector: halt.how };
    }
    return this.resumed();
  }

  resumed(): Outcome {
    const { vcpu } = this;
    const byHypervisor = this.host.seen.at(-1)?.call === 'H_SVM_INIT_ABORT';
    const show = (value: bigint): string => `0x${value.toString(16)}`;
    const common = { r3: Number(BigInt.asIntN(64, vcpu.get(3))), pc: show(vcpu.regs.pc), msr: show(vcpu.regs.msr) };
    if (byHypervisor) return { how: 'resumed by the hypervisor', ...common };
    return { how: 'resumed by the Ultravisor', ...common, r4: show(vcpu.get(4)), r5: show(vcpu.get(5)), secure: vcpu.has(MSR.S) };
  }
}
