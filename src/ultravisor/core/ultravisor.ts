import { Halt, type HypervisorPort, type RealMemory, type Vcpu } from '../../hcall/index.ts';
import { Lock, type Place, type Random, type Stateful, type World } from '../../sim/index.ts';
import type { CheckName } from './checks.ts';
import { type Hardware, newHardware } from './hardware.ts';
import type { Profile } from './profile.ts';
import type { Svm } from './svm.ts';
import type { TpmNode } from './tpm-node.ts';

export interface UltravisorState {
  readonly svms: ReadonlyMap<number, Svm>;
  readonly tpm: TpmNode | null;
  readonly hardware: Hardware;
  readonly turn: number;
  readonly random: ReturnType<Random['snapshot']>;
}

/** What came back with UV_RETURN. */
export interface Returned {
  readonly cookie: bigint;
  readonly r0: bigint;
  readonly r2: bigint;
  readonly gpr: readonly bigint[];
  readonly hsrr0: bigint;
  readonly hsrr1: bigint;
  readonly lpidr: bigint;
  readonly pidr: bigint;
  /** The hypervisor came back in a transaction: the SVM gets a program interrupt. */
  readonly inTransaction: boolean;
}

/** The Ultravisor of one host: secure VMs, their pages, and the way to the TPM through the hypervisor. */
export class Ultravisor implements Stateful<UltravisorState> {
  readonly world: World;
  readonly host: string;
  readonly memory: RealMemory;
  readonly hypervisor: HypervisorPort;
  readonly profile: Profile;
  readonly random: Random;
  /** One unwrap at a time: the session at host boot is one for all (docs/reference/decisions.md#session-at-host-boot). */
  readonly tpmLock: Lock;
  svms = new Map<number, Svm>();
  /** What firmware handed over about the TPM; null: every unwrap fails. */
  tpm: TpmNode | null = null;
  hardware = newHardware();
  /** Counts uses of frames: the least recently used page goes out first. */
  turn = 0;
  /** Cookies of calls that wait for UV_RETURN, each of one SVM. */
  readonly waiting = new Map<bigint, { readonly lpid: bigint; readonly returned: Returned | null }>();

  constructor(world: World, memory: RealMemory, hypervisor: HypervisorPort, profile: Profile, host = 'host') {
    this.world = world;
    this.host = host;
    this.memory = memory;
    this.hypervisor = hypervisor;
    this.profile = profile;
    this.random = world.random.fork(`ultravisor of ${host}`);
    this.tpmLock = new Lock(world.scheduler);
  }

  place(vcpu: Vcpu): Place {
    return { host: this.host, lpid: Number(vcpu.regs.lpidr), vcpu: vcpu.id };
  }

  /** A named check: recorded, and passed when it holds or the profile leaves it out. */
  check(name: CheckName, holds: boolean, detail: string, source: string): boolean {
    this.world.bus.emit('check', 'ultravisor', { name, ok: holds, detail, source }, { place: { host: this.host } });
    return holds || this.profile.without.includes(name);
  }

  note(text: string, lpid?: number): void {
    this.world.bus.emit('note', 'ultravisor', { text }, { place: { host: this.host, ...(lpid === undefined ? {} : { lpid }) } });
  }

  /** An assertion of the firmware failed: the whole machine stops. */
  stop(why: string): never {
    this.world.bus.emit('state', 'ultravisor', { of: 'host', from: 'running', to: 'stopped', why }, { place: { host: this.host } });
    throw new Halt('host', why);
  }

  /** What the code asserts does not hold: the machine stops, or the caller refuses and goes on (profile field `assertions`). */
  assertionFailed(why: string): void {
    if (this.profile.assertions === 'stop the machine') this.stop(why);
    this.note(why);
  }

  /** Whether the profile makes a check at all: one that only some make is not recorded by the others. */
  makes(name: CheckName): boolean {
    return !this.profile.without.includes(name);
  }

  /** The SVM of an lpid, in any phase. */
  svm(lpid: bigint | number): Svm | undefined {
    return this.svms.get(Number(lpid));
  }

  snapshot(): UltravisorState {
    return structuredClone({ svms: this.svms, tpm: this.tpm, hardware: this.hardware, turn: this.turn, random: this.random.snapshot() });
  }

  restore(state: UltravisorState): void {
    const { svms, tpm, hardware, turn, random } = structuredClone(state);
    this.svms = new Map(svms);
    this.tpm = tpm;
    this.hardware = hardware;
    this.turn = turn;
    this.random.restore(random);
    this.waiting.clear();
  }
}

/** An SVM on the processor on which something is done for it: what nearly every step of the Ultravisor needs. */
export interface SvmContext {
  readonly uv: Ultravisor;
  readonly svm: Svm;
  readonly vcpu: Vcpu;
}
