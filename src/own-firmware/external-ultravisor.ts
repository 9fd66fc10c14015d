import { AsyncLocalStorage } from 'node:async_hooks';
import { hex, utf8 } from '../bytes/index.ts';
import {
  gpaOf,
  Halt,
  type HypervisorPort,
  isSecure,
  MSR,
  PAGE_BYTES,
  pageOffset,
  type RealMemory,
  SECURE_BIT,
  type UltravisorPort,
  Vcpu,
} from '../hcall/index.ts';
import { Lock, type Place, type Random, type World } from '../sim/index.ts';
import { HCALL_COUNTS, hName, type Named, type RegisterUses, readRegisters, s64, UV_RETURN, uName } from '../spec/index.ts';
import { ultracalls } from '../ultravisor/index.ts';
import { type FirmwareLink, LinkBroken, type Reply, refusal, type Serve } from './link.ts';
import {
  ACCESS,
  type Body,
  CAUSE,
  fromWire,
  MAPPING,
  type Message,
  type MessageName,
  PHASE,
  PROTOCOL_MAGIC,
  PROTOCOL_VERSION,
  TELL,
  TRANSFER_LIMIT,
  toWire,
} from './protocol.ts';

/** Virtual time of an entry, beside what happens in its course. */
const ENTRY_NS = 1_000;
/** Where real memory has its first secure page (hcall/hardware/memory.ts). */
const SECURE_BASE = SECURE_BIT | 0x1000_0000n;
/** What one entry may ask for: a firmware that never leaves ends here, and not at the end of patience. */
const MOST_REQUESTS = 1_000_000;

export interface ExternalUltravisorOptions {
  readonly world: World;
  readonly memory: RealMemory;
  readonly hypervisor: HypervisorPort;
  readonly host: string;
  readonly link: FirmwareLink;
}

export type Phase = 'none' | 'ACTIVE' | 'SECURE' | 'ABORT' | 'unknown';

const PHASES: Readonly<Record<number, Phase>> = {
  [PHASE.NONE]: 'none',
  [PHASE.ACTIVE]: 'ACTIVE',
  [PHASE.SECURE]: 'SECURE',
  [PHASE.ABORT]: 'ABORT',
  [PHASE.UNKNOWN]: 'unknown',
};

const words = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/**
 * An Ultravisor that runs elsewhere, at the other end of a {@link FirmwareLink}. Like the processor, it gives it registers and memory and
 * nothing else. One processor at a time is in it: what the hypervisor does in the course of an entry comes in within that entry.
 */
export class ExternalUltravisor implements UltravisorPort {
  readonly #world: World;
  readonly #memory: RealMemory;
  readonly #hypervisor: HypervisorPort;
  readonly #host: string;
  readonly #link: FirmwareLink;
  readonly #random: Random;
  readonly #lock: Lock;
  readonly #within = new AsyncLocalStorage<true>();
  #name = 'firmware';
  /** What ended it: nothing can be asked of it any more. */
  #broken: string | null = null;

  private constructor({ world, memory, hypervisor, host, link }: ExternalUltravisorOptions) {
    this.#world = world;
    this.#memory = memory;
    this.#hypervisor = hypervisor;
    this.#host = host;
    this.#link = link;
    this.#random = world.random.fork(`external ultravisor of ${host}`);
    this.#lock = new Lock(world.scheduler);
  }

  /** Says hello. @throws {LinkBroken} when the other side speaks another version, or no such protocol. */
  static async meet(options: ExternalUltravisorOptions): Promise<ExternalUltravisor> {
    const made = new ExternalUltravisor(options);
    const { securePages } = options.memory;
    const hello = { magic: PROTOCOL_MAGIC, version: PROTOCOL_VERSION, secureBase: SECURE_BASE, securePages, name: utf8(options.host) };
    const theirs = await options.link.call('HELLO', hello, 'HELLO', async () => refusal('PROTOCOL', 'HELLO comes first'));
    if (theirs.magic !== PROTOCOL_MAGIC) throw new LinkBroken(`its HELLO begins with ${hex(theirs.magic, 8)}: it speaks something else`);
    if (theirs.version !== PROTOCOL_VERSION)
      throw new LinkBroken(`it speaks version ${theirs.version} of the protocol, this simulator version ${PROTOCOL_VERSION}`);
    made.#name = words(theirs.name);
    return made;
  }

  /** What it calls itself. */
  get name(): string {
    return this.#name;
  }

  /** Host boot is over. */
  async start(uvFdt: Uint8Array): Promise<void> {
    this.#note(`the Ultravisor of this host is "${this.#name}", which runs outside of the simulator`);
    await this.#call('START', { uvFdt }, 'DONE');
  }

  /** `sc 2` */
  async ultracall(vcpu: Vcpu): Promise<void> {
    const { bus, clock } = this.#world;
    clock.advanceNs(ENTRY_NS);
    const number = Number(BigInt.asUintN(53, vcpu.get(3)));
    const call = ultracalls.get(number);
    const name = call?.name ?? 'unknown ultracall';
    const args: Named<RegisterUses> = call ? readRegisters(vcpu, call.in) : {};
    const place = this.#place(vcpu);
    const issuer = vcpu.has(MSR.HV) ? 'hypervisor' : vcpu.has(MSR.S) ? 'svm' : 'guest';
    const cause = bus.emit('ultracall.call', issuer, { number, name, issuer, args }, { place });
    const before = vcpu.saved();
    await bus.within(cause, () => this.#enter(vcpu, CAUSE.ULTRACALL));
    const elsewhere = number === UV_RETURN.number || vcpu.regs.pc !== before.pc || vcpu.has(MSR.S) !== ((before.msr & MSR.S) !== 0n);
    const r3 = s64(vcpu.get(3));
    const r3Name = uName(r3);
    const data = elsewhere
      ? { number, name, outcome: 'goes on elsewhere', out: {} }
      : { number, name, outcome: 'returns', r3, ...(r3Name ? { r3Name } : {}), out: {} };
    bus.emit('ultracall.return', 'ultravisor', data, { place, cause });
  }

  /** `sc 1` of a Secure VM. */
  async reflect(vcpu: Vcpu): Promise<void> {
    const { bus, clock } = this.#world;
    clock.advanceNs(ENTRY_NS);
    const number = Number(BigInt.asUintN(53, vcpu.get(3)));
    const name = HCALL_COUNTS.get(number)?.name ?? 'unknown hypercall';
    const place = this.#place(vcpu);
    const cause = bus.emit('hcall.call', 'svm', { number, name, issuer: 'svm', args: {} }, { place });
    await bus.within(cause, () => this.#enter(vcpu, CAUSE.HYPERCALL));
    const r3 = s64(vcpu.get(3));
    const r3Name = hName(r3);
    bus.emit(
      'hcall.return',
      'ultravisor',
      { number, name, outcome: 'returns', r3, ...(r3Name ? { r3Name } : {}), out: {} },
      { place, cause },
    );
  }

  async #enter(vcpu: Vcpu, cause: (typeof CAUSE)[keyof typeof CAUSE]): Promise<void> {
    const { registers } = await this.#call('ENTER', { cause, vcpu: vcpu.id, registers: toWire(vcpu.regs) }, 'LEAVE');
    vcpu.load(fromWire(registers, vcpu.regs));
  }

  /** Memory as the SVM sees it. */
  async read(vcpu: Vcpu, gpa: bigint, length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length);
    for (const { at, size, done } of pieces(gpa, length)) {
      const ra = await this.#translate(vcpu, at, ACCESS.READ);
      if (ra !== null) out.set(this.#memory.read(ra + BigInt(pageOffset(at)), size, 'svm'), done);
    }
    return out;
  }

  async write(vcpu: Vcpu, gpa: bigint, bytes: Uint8Array): Promise<void> {
    for (const { at, size, done } of pieces(gpa, bytes.length)) {
      const ra = await this.#translate(vcpu, at, ACCESS.WRITE);
      if (ra !== null) this.#memory.write(ra + BigInt(pageOffset(at)), bytes.subarray(done, done + size), 'svm');
    }
  }

  /** The page behind an address; null: reads as zeros, writes are lost. */
  async #translate(vcpu: Vcpu, gpa: bigint, access: (typeof ACCESS)[keyof typeof ACCESS]): Promise<bigint | null> {
    const { result, ra } = await this.#call('TRANSLATE', { lpid: Number(vcpu.regs.lpidr), gpa, access, vcpu: vcpu.id }, 'MAPPED');
    if (result === MAPPING.FAULT) throw new Halt('guest', `the Ultravisor gives the SVM no page at ${hex(gpa)}`);
    return result === MAPPING.NOTHING ? null : this.#page(ra);
  }

  /** A page that the firmware named. */
  #page(ra: bigint): bigint {
    const why = this.#badAddress(ra, 1);
    return why === null ? ra - BigInt(pageOffset(ra)) : this.#stop(`it maps ${hex(ra)}: ${why}`);
  }

  /** In which phase an SVM is, by the firmware's word. */
  async phaseOf(lpid: number): Promise<Phase> {
    if (this.#broken !== null) return 'unknown';
    const { phase } = await this.#call('ASK', { lpid }, 'SVM');
    return PHASES[phase] ?? 'unknown';
  }

  /** A frame of secure memory as the SVM would see it, without any effect; null: it does not lie there. */
  async lookAt(lpid: number, gfn: bigint): Promise<Uint8Array | null> {
    if (this.#broken !== null) return null;
    const { result, ra } = await this.#call('TRANSLATE', { lpid, gpa: gpaOf(gfn), access: ACCESS.LOOK, vcpu: 0 }, 'MAPPED');
    if (result === MAPPING.NOTHING) return new Uint8Array(PAGE_BYTES);
    return result === MAPPING.FAULT || !isSecure(ra) ? null : this.#memory.read(this.#page(ra), PAGE_BYTES, 'ultravisor');
  }

  close(): void {
    this.#link.close();
  }

  /** One entry at a time; what happens within it comes through. A firmware that fails stops the machine. */
  async #call<A extends MessageName>(name: MessageName, body: object, answer: A): Promise<Body<A>> {
    if (this.#broken !== null) throw new Halt('host', this.#broken);
    let requests = 0;
    const serve: Serve = message => {
      if (++requests > MOST_REQUESTS) throw new LinkBroken(`it asked for ${MOST_REQUESTS} things in the course of one ${name}`);
      return this.#serve(message);
    };
    const call = async (): Promise<Body<A>> => {
      try {
        return await this.#link.call(name, body, answer, serve);
      } catch (error) {
        if (!(error instanceof LinkBroken)) throw error;
        return this.#stop(error.message);
      }
    };
    return this.#within.getStore() ? call() : this.#lock.with(() => this.#within.run(true, call));
  }

  /** The machine stops: as with an assertion of the firmware, nothing of this host goes on. */
  #stop(why: string): never {
    this.#broken ??= `the external Ultravisor "${this.#name}": ${why}`;
    this.#link.close();
    const place = { host: this.#host };
    this.#world.bus.emit('state', 'ultravisor', { of: 'host', from: 'running', to: 'stopped', why: this.#broken }, { place });
    throw new Halt('host', this.#broken);
  }

  /** What the firmware asks for. */
  async #serve(message: Message): Promise<Reply> {
    switch (message.name) {
      case 'READ': {
        const { ra, length } = message.body;
        const why = this.#badAddress(ra, length);
        return why === null ? ['DATA', { bytes: this.#memory.read(ra, length, 'ultravisor') }] : refusal('ADDRESS', why);
      }
      case 'WRITE': {
        const { ra, bytes } = message.body;
        const why = this.#badAddress(ra, bytes.length);
        if (why !== null) return refusal('ADDRESS', why);
        this.#memory.write(ra, bytes, 'ultravisor');
        return ['DONE', {}];
      }
      case 'HYPERVISOR': {
        const { vector, vcpu: id, registers } = message.body;
        const vcpu = new Vcpu(id, Number(registers.lpidr ?? 0n));
        vcpu.load(fromWire(registers, vcpu.regs));
        await this.#hypervisor.interrupt(vcpu, vector);
        return ['BACK', { registers: toWire(vcpu.regs) }];
      }
      case 'RANDOM':
        if (message.body.count > TRANSFER_LIMIT) return refusal('SIZE', `${message.body.count} bytes, at most ${TRANSFER_LIMIT}`);
        return ['DATA', { bytes: this.#random.bytes(message.body.count) }];
      case 'TELL': {
        const { kind, name, text } = message.body;
        if (kind === TELL.NOTE) this.#note(words(text));
        else {
          const data = { name: words(name), ok: kind === TELL.CHECK_HELD, detail: words(text), source: this.#name };
          this.#world.bus.emit('check', 'ultravisor', data, { place: { host: this.#host } });
        }
        return null;
      }
      case 'SECRET': {
        const { name, bytes } = message.body;
        this.#world.secrets.register(words(name), bytes, ['ultravisor', 'svm', 'owner', 'tpm'], { host: this.#host });
        return null;
      }
      default:
        return refusal('UNSUPPORTED', `${message.name} is no request`);
    }
  }

  /** Why a range cannot be reached; null: it can. */
  #badAddress(ra: bigint, length: number): string | null {
    if (length > TRANSFER_LIMIT) return `${length} bytes, at most ${TRANSFER_LIMIT}`;
    if (pageOffset(ra) + length > PAGE_BYTES) return `${length} bytes from ${hex(ra)} on leave the page`;
    const end = SECURE_BASE + BigInt(this.#memory.securePages) * BigInt(PAGE_BYTES);
    if (isSecure(ra))
      return ra >= SECURE_BASE && ra < end ? null : `${hex(ra)} lies outside of secure memory (${hex(SECURE_BASE)} to ${hex(end)})`;
    return ra < SECURE_BIT ? null : `there is no memory at ${hex(ra)}`;
  }

  #note(text: string): void {
    this.#world.bus.emit('note', 'ultravisor', { text }, { place: { host: this.#host } });
  }

  #place(vcpu: Vcpu): Place {
    return { host: this.#host, lpid: Number(vcpu.regs.lpidr), vcpu: vcpu.id };
  }
}

/** The parts of a range that lie in one page each. */
function* pieces(gpa: bigint, length: number): Generator<{ at: bigint; size: number; done: number }> {
  for (let done = 0; done < length; ) {
    const at = gpa + BigInt(done);
    const size = Math.min(PAGE_BYTES - pageOffset(at), length - done);
    yield { at, size, done };
    done += size;
  }
}
