import {
  Halt,
  type HypervisorPort,
  MSR,
  type Named,
  type RealMemory,
  type RegisterUses,
  readRegisters,
  SYSTEM_CALL,
  s64,
  type UltravisorPort,
  UV,
  type Vcpu,
  zeroRegisters,
} from '../../hcall/index.ts';
import { Lock, type Place, type Random, type Stateful, type World } from '../../sim/index.ts';
import { readUvFdt } from '../boot/uv-fdt.ts';
import { ultracalls } from '../calls/index.ts';
import { type AnyUltracall, declares, type UltracallResult } from '../calls/ultracall.ts';
import { sprsFor } from '../hypervisor/masked-sprs.ts';
import type { CheckName } from './checks.ts';
import { U, uName } from './codes.ts';
import { type Hardware, newHardware } from './hardware.ts';
import type { Profile } from './profile.ts';
import type { Svm } from './svm.ts';
import type { TpmNode } from './tpm-node.ts';

/** Virtual time of an ultracall, beside what happens in its course. */
const CALL_NS = 1_000;

export interface UltravisorState {
  readonly svms: ReadonlyMap<number, Svm>;
  readonly tpm: TpmNode | null;
  readonly hardware: Hardware;
  readonly turn: number;
  readonly random: ReturnType<Random['snapshot']>;
}

const NO_REGISTERS: Named<RegisterUses> = {};
const MACHINE_CHECK = 0x200;
/** SRR1 at a system call: its level, here 1 (open-power/ultravisor core/exceptions.c fixup_regs_for_hv_entry). */
const LEVEL_MASK = 0x0030_0000n;
const LEVEL_HYPERCALL = 0x0010_0000n;
/** Interrupts that set HSRR0 and HSRR1 (core/exceptions.c is_hv_interrupt; LPCR[LPES] is clear). */
const HYPERVISOR_INTERRUPTS: ReadonlySet<number> = new Set([0x500, 0x980, 0xe00, 0xe20, 0xe40, 0xe60, 0xe80, 0xea0, 0xf80, 0x1500]);

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
export class Ultravisor implements UltravisorPort, Stateful<UltravisorState> {
  readonly world: World;
  readonly host: string;
  readonly memory: RealMemory;
  readonly hypervisor: HypervisorPort;
  readonly profile: Profile;
  readonly random: Random;
  /** One unwrap at a time: the session at host boot is one for all (decisions 9). */
  readonly tpmLock: Lock;
  svms = new Map<number, Svm>();
  /** What firmware handed over about the TPM; null: every unwrap fails. */
  tpm: TpmNode | null = null;
  hardware = newHardware();
  /** Counts uses of frames: the least recently used page goes out first. */
  turn = 0;
  /** Cookies of calls that wait for UV_RETURN, each of one SVM. */
  #waiting = new Map<bigint, { readonly lpid: bigint; returned: Returned | null }>();

  constructor(world: World, memory: RealMemory, hypervisor: HypervisorPort, profile: Profile, host = 'host') {
    this.world = world;
    this.host = host;
    this.memory = memory;
    this.hypervisor = hypervisor;
    this.profile = profile;
    this.random = world.random.fork(`ultravisor of ${host}`);
    this.tpmLock = new Lock(world.scheduler);
  }

  /** Entry from firmware: takes what is in the tree, as core/init.c does. */
  boot(uvFdt: Uint8Array): void {
    this.tpm = readUvFdt(uvFdt);
    if (this.tpm?.session) this.tpm.session.savedAtNs = this.world.clock.nowNs;
    if (!this.tpm) this.note('no ibm,uv-tpm: every unwrap will fail');
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

  /** `sc 2`: number in r3, arguments from r4. */
  async ultracall(vcpu: Vcpu): Promise<void> {
    const { bus, clock } = this.world;
    clock.advanceNs(CALL_NS);
    const number = vcpu.get(3);
    const call = ultracalls.get(Number(BigInt.asUintN(53, number)));
    const name = call?.name ?? 'unknown ultracall';
    const args: Named<RegisterUses> = call ? readRegisters(vcpu, call.in) : NO_REGISTERS;
    let place: Place = {};
    let cause = 0;
    if (bus.active) {
      place = this.place(vcpu);
      const issuer = vcpu.has(MSR.HV) ? 'hypervisor' : vcpu.has(MSR.S) ? 'svm' : 'guest';
      cause = bus.emit('ultracall.call', issuer, { number: Number(number), name, issuer, args }, { place });
    }
    const running = bus.active ? bus.within(cause, async () => this.#run(call, args, vcpu)) : this.#run(call, args, vcpu);
    const result = running instanceof Promise ? await running : running; // most calls need no turn of the event loop
    const out: Record<string, bigint> = {};
    let r3: bigint | undefined;
    if (typeof result === 'object') {
      r3 = BigInt(result.r3);
      vcpu.set(3, r3);
      for (const [key, value] of Object.entries(result.out ?? {})) {
        const register = call?.out[key]?.register;
        if (register === undefined || value === undefined) continue;
        vcpu.set(register, value);
        out[key] = value;
      }
      if (call && result.r3 !== U.SUCCESS && !result.count && !result.byDispatch) assertDeclared(call, Number(s64(r3)), this.profile);
    }
    if (!bus.active) return;
    const r3Name = r3 === undefined || (typeof result === 'object' && result.count) ? undefined : uName(r3);
    const outcome = typeof result === 'string' ? result : 'returns';
    const data = { number: Number(number), name, outcome, ...(r3 === undefined ? {} : { r3 }), ...(r3Name ? { r3Name } : {}), out };
    bus.emit('ultracall.return', 'ultravisor', data, { place, cause });
  }

  #run(
    call: AnyUltracall | undefined,
    args: Named<RegisterUses>,
    vcpu: Vcpu,
  ): UltracallResult<RegisterUses> | Promise<UltracallResult<RegisterUses>> {
    if (!call || BigInt(call.number) !== vcpu.get(3)) return { r3: U.FUNCTION };
    const [hv, pr, s] = [vcpu.has(MSR.HV), vcpu.has(MSR.PR), vcpu.has(MSR.S)];
    const wrongCaller = { r3: U.PERMISSION, byDispatch: true } as const;
    // Before the caller is looked at (core/uvcall.c check_regs_on_hv_exit).
    if (hv && inTransaction(vcpu) && call.number !== UV.RETURN) return { r3: U.BAD_MODE, byDispatch: true };
    if (call.caller === 'hypervisor' && (!hv || pr)) return wrongCaller;
    if (call.caller === 'svm kernel' && !s) return this.profile.notSecure === 'U_INVALID' ? { r3: U.INVALID } : wrongCaller;
    if ((call.caller === 'svm kernel' || call.caller === 'guest kernel') && (hv || pr)) return wrongCaller;
    return call.handle(this, args, vcpu);
  }

  /**
   * A hypercall of the Ultravisor's own, in the name of the SVM on this vCPU (pef.md b.5.14): zeroed registers but for number,
   * arguments and cookie. Result: r3 as a signed number, outputs from r4.
   */
  async hypercall(vcpu: Vcpu, number: number, ...args: readonly (bigint | number)[]): Promise<{ r3: number; out: readonly bigint[] }> {
    const saved = vcpu.saved();
    const frame = zeroRegisters();
    const cookie = this.newCookie();
    Object.assign(frame, { lpidr: saved.lpidr, pidr: saved.pidr });
    // Always S: KVM takes H_SVM_* only from a secure caller, and the VM's own MSR has no S before the commit.
    // Never PR: the call is the Ultravisor's, also where it brings in a page that user space touched.
    this.enterHypervisor(frame, saved.msr & ~MSR.PR, cookie, SYSTEM_CALL);
    frame.spr = sprsFor({}, SYSTEM_CALL, false);
    vcpu.load(frame);
    vcpu.set(3, number);
    args.forEach((arg, i) => {
      vcpu.set(4 + i, arg);
    });
    const { r0, gpr, inTransaction: inTheMiddle } = await this.exchange(vcpu, SYSTEM_CALL, cookie);
    vcpu.load(saved);
    // The SVM would go on in its handler for program interrupts, and the Ultravisor's own call never comes to an end.
    if (inTheMiddle) throw new Halt('guest', 'the hypervisor came back in a transaction');
    return { r3: Number(BigInt.asIntN(32, r0)), out: gpr.slice(4) };
  }

  /** Sets what the hypervisor finds in the machine state registers when it is entered for an SVM (pef.md b.5.5 to 7). */
  enterHypervisor(frame: ReturnType<typeof zeroRegisters>, svmMsr: bigint, cookie: bigint, vector: number): void {
    frame.gpr[31] = cookie;
    frame.srr0 = cookie;
    frame.hsrr0 = cookie;
    frame.srr1 = svmMsr | MSR.S;
    if (vector === SYSTEM_CALL) frame.srr1 = (frame.srr1 & ~LEVEL_MASK) | LEVEL_HYPERCALL;
    frame.hsrr1 = frame.srr1;
    frame.msr = MSR.SF | MSR.HV | MSR.LE; // the hypervisor is little-endian
    if (vector !== MACHINE_CHECK) frame.msr |= MSR.ME;
    if (HYPERVISOR_INTERRUPTS.has(vector)) frame.msr |= MSR.RI;
    frame.msr |= svmMsr & (MSR.FP | MSR.VEC | MSR.VSX); // their registers are zero
    frame.pc = BigInt(vector);
  }

  /** Enters the hypervisor and waits for UV_RETURN with this cookie. */
  async exchange(vcpu: Vcpu, vector: number, cookie: bigint): Promise<Returned> {
    const { lpidr } = vcpu.regs;
    this.#waiting.set(cookie, { lpid: lpidr, returned: null });
    await this.world.scheduler.turn(); // between two worlds another processor may be faster
    await this.hypervisor.interrupt(vcpu, vector);
    const returned = this.#waiting.get(cookie)?.returned;
    this.#waiting.delete(cookie);
    if (returned) return returned;
    this.assertionFailed('the hypervisor did not come back with UV_RETURN');
    throw new Halt('guest', 'the hypervisor did not give the SVM its processor back');
  }

  /** Random, 52 bits, two low bits 0, at least 0x2000, used by no other call (pef.md b.5.6). */
  newCookie(): bigint {
    for (;;) {
      const [word] = new BigUint64Array(this.random.bytes(8).buffer);
      const cookie = (word ?? 0n) & 0x000f_ffff_ffff_fffcn;
      if (cookie >= 0x2000n && !this.#waiting.has(cookie)) return cookie;
    }
  }

  /** UV_RETURN: notes what came back for the call that waits under the cookie in r31. */
  takeReturn(vcpu: Vcpu): void {
    const cookie = vcpu.get(31);
    const { gpr, hsrr0, hsrr1, lpidr, pidr } = vcpu.saved();
    const waiting = this.#waiting.get(cookie);
    // A record is found by LPIDR, the call among those of that record (core/uvcall.c uv_return).
    const known = this.svm(lpidr) !== undefined && waiting?.lpid === lpidr && waiting.returned === null;
    const what = this.svm(lpidr) ? 'no call of this SVM waits under this cookie' : `there is no SVM with lpid ${lpidr}`;
    if (!known && !this.check('cookie', false, what, 'open-power/ultravisor core/uvcall.c uv_return, core/cookies.c')) {
      this.assertionFailed(`UV_RETURN with a bad cookie: ${what}`);
      return;
    }
    const inTheMiddle = inTransaction(vcpu);
    const returned = { cookie, r0: gpr[0] ?? 0n, r2: gpr[2] ?? 0n, gpr, hsrr0, hsrr1, lpidr, pidr, inTransaction: inTheMiddle };
    this.#waiting.set(cookie, { lpid: lpidr, returned });
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
    this.#waiting.clear();
  }
}

const inTransaction = (vcpu: Vcpu): boolean => vcpu.has(MSR.TS_T) || vcpu.has(MSR.TS_S);

function assertDeclared(call: AnyUltracall, r3: number, profile: Profile): void {
  const name = uName(r3);
  if (!name || !declares(call, name, profile)) throw new Error(`${call.name} returned ${name ?? r3}, which it does not declare`);
}
