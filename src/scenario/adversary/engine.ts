import type { HcallResult, InterceptedHypercall, Interceptor, Vcpu } from '../../hcall/index.ts';
import type { Host } from '../../machine/index.ts';
import type { World } from '../../sim/index.ts';
import type { Named, RegisterUses } from '../../spec/index.ts';
import { TPM_CC } from '../../tpm/wire/index.ts';
import { ultracalls } from '../../ultravisor/index.ts';
import type { Contents } from '../language/values.ts';
import type { AnyAction, BytesAction, CallAction, CallPlan, RegistersAction, Scene } from './action.ts';
import { actions, type Rule } from './actions/index.ts';
import { fieldNames, fieldOf } from './message-fields.ts';
import { fits, type Moment } from './points.ts';
import { guestOf, readRegion, regionAt, writeRegion } from './regions.ts';
import { Traffic, type TrafficState } from './traffic.ts';

const EXECUTE = 1n;
const MAX_MESSAGE = 4096;
const COMMANDS = new Map(Object.entries(TPM_CC).map(([name, code]) => [code as number, `TPM2_${name}`]));
const CODES = new Map([...COMMANDS].map(([code, name]) => [name, code]));

/** What passed so far, as plain data: a run that starts from a snapshot counts on from here. */
export interface AdversaryState {
  readonly moments: readonly Moment[];
  readonly traffic: TrafficState;
}

export interface AdversaryOptions {
  readonly world: World;
  readonly host: Host;
  readonly rules: readonly Rule[];
  readonly bytesOf: (contents: Contents) => Uint8Array;
  readonly before?: AdversaryState | undefined;
  /** Note what a search wants to know of each moment. */
  readonly observe?: boolean;
}

/** A hostile hypervisor: notes every moment that passes a point, and does at each what the rules say. */
export class Adversary implements Interceptor {
  readonly #world: World;
  readonly #host: Host;
  readonly #rules: readonly { readonly rule: Rule; readonly action: AnyAction; seen: number }[];
  readonly #bytesOf: (contents: Contents) => Uint8Array;
  readonly #moments: Moment[];
  readonly #traffic: Traffic;
  readonly #observe: boolean;
  /** Hypercalls that are being handled, the innermost last, and the one that was handled last, for UV_RETURN. */
  readonly #calls: InterceptedHypercall[] = [];
  #answered: InterceptedHypercall | null = null;
  /** Ultracalls of the adversary's own pass unhindered. */
  #acting = 0;
  /** Set while the actions on a message run: it is to be kept back for so many commands. */
  #heldFor: number | null = null;

  constructor({ world, host, rules, bytesOf, before, observe = false }: AdversaryOptions) {
    this.#world = world;
    this.#host = host;
    this.#bytesOf = bytesOf;
    this.#observe = observe;
    this.#moments = [...(before?.moments ?? [])];
    this.#traffic = new Traffic(before?.traffic);
    const own = rules.filter(rule => rule.host === undefined || rule.host === host.name);
    this.#rules = own.map(rule => ({
      rule,
      action: actions.get(rule.do) as AnyAction,
      seen: this.#moments.filter(moment => fits(rule.at, rule, moment)).length,
    }));
  }

  get moments(): readonly Moment[] {
    return this.#moments;
  }

  snapshot(): AdversaryState {
    return { moments: [...this.#moments], traffic: this.#traffic.snapshot() };
  }

  async hypercall(
    intercepted: InterceptedHypercall,
    honest: (args: Named<RegisterUses>) => Promise<HcallResult<RegisterUses>>,
  ): Promise<HcallResult<RegisterUses>> {
    const { partition, args } = intercepted;
    const call = intercepted.call?.name ?? 'unknown hypercall';
    const execute = call === 'H_TPM_COMM' && args.op === EXECUTE;
    const given: Record<string, bigint> = { ...args };
    const request = execute ? partition.read(args.in_buffer ?? 0n, Math.min(Number(args.in_size), MAX_MESSAGE), 'hypervisor') : null;
    const command = request ? { command: nameOf(request) } : {};
    const base = { guest: guestOf(this.#host, partition.lpid)?.name, call, ...command };
    this.#calls.push(intercepted);
    try {
      return await this.#handle(intercepted, base, execute ? request : null, given, honest);
    } finally {
      this.#answered = this.#calls.pop() ?? null;
    }
  }

  async #handle(
    intercepted: InterceptedHypercall,
    base: Omit<Moment, 'point'>,
    request: Uint8Array | null,
    given: Record<string, bigint>,
    honest: (args: Named<RegisterUses>) => Promise<HcallResult<RegisterUses>>,
  ): Promise<HcallResult<RegisterUses>> {
    const { partition, args } = intercepted;
    const { call } = base;
    const plan: CallPlan = { times: 1, answer: 0 };
    const made = await this.#before({ point: 'hypercall', ...base }, plan, intercepted);
    if (call === 'H_SVM_INIT_START') this.#memory(base, intercepted);
    if (call === 'H_SVM_PAGE_IN' && args.flags === 0n) this.#page(base, intercepted);
    let result: HcallResult<RegisterUses> = { r3: plan.answer };
    if (request) {
      const due = this.#traffic.due(partition.lpid);
      const { bytes, heldFor } = this.#message('tpm-request', base, request, args.in_buffer ?? 0n, intercepted);
      given.in_size = BigInt(bytes.length);
      if (heldFor === null) {
        for (let time = 0; time < plan.times; time++) {
          // The response lies where the command lay: who sends it again writes it again.
          if (time > 0) partition.write(args.in_buffer ?? 0n, bytes.subarray(0, MAX_MESSAGE), 'hypervisor');
          result = await honest(given);
        }
      } else result = this.#traffic.holdBack(intercepted, bytes, heldFor);
      if (due) await this.#sendHeld(due, intercepted, honest);
    } else for (let time = 0; time < plan.times; time++) result = await honest(given);
    if (request && 'r3' in result && result.r3 === 0 && result.out) {
      const size = Math.min(Number(result.out.size), MAX_MESSAGE);
      const response = partition.read(args.out_buffer ?? 0n, size, 'hypervisor');
      const { length } = this.#message('tpm-response', base, response, args.out_buffer ?? 0n, intercepted).bytes;
      if (length !== size) result = { ...result, out: { ...result.out, size: BigInt(length) } };
    }
    if (plan.r3 !== undefined && 'r3' in result) result = { ...result, r3: plan.r3 };
    result = this.#result(base, result, intercepted);
    for (const { action, fields, scene } of made) await this.#acts(async () => action.after?.(fields, scene));
    return result;
  }

  async ultracall(
    number: number,
    args: readonly bigint[],
    honest: (args: readonly bigint[]) => Promise<readonly bigint[]>,
  ): Promise<readonly bigint[]> {
    if (this.#acting > 0) return honest(args);
    const call = ultracalls.get(number)?.name ?? 'unknown ultracall';
    const base = { guest: guestOf(this.#host, Number(args[0] ?? 0n))?.name, call };
    const plan: CallPlan = { times: 1, answer: 0 };
    const intercepted = this.#calls.at(-1) ?? null;
    await this.#before({ point: 'ultracall', ...base }, plan, intercepted);
    const registers = new Map(args.map((arg, i) => [`r${4 + i}`, arg]));
    this.#registers({ point: 'ultracall', ...base }, registers, intercepted);
    let out: readonly bigint[] = [BigInt(plan.answer)];
    for (let time = 0; time < plan.times; time++) out = await honest(args.map((arg, i) => registers.get(`r${4 + i}`) ?? arg));
    return plan.r3 === undefined ? out : [BigInt(plan.r3), ...out.slice(1)];
  }

  async beforeReturn(vcpu: Vcpu): Promise<void> {
    const intercepted = this.#answered;
    this.#answered = null;
    const base = { guest: guestOf(this.#host, Number(vcpu.regs.lpidr))?.name, call: intercepted?.call?.name ?? 'interrupt' };
    const { regs } = vcpu;
    const registers = new Map(regs.gpr.map((value, n) => [`r${n}`, value]));
    for (const name of ['hsrr0', 'hsrr1', 'lpidr', 'pidr'] as const) registers.set(name, regs[name]);
    this.#registers({ point: 'return', ...base }, registers, intercepted);
    regs.gpr = regs.gpr.map((value, n) => registers.get(`r${n}`) ?? value);
    for (const name of ['hsrr0', 'hsrr1', 'lpidr', 'pidr'] as const) regs[name] = registers.get(name) ?? regs[name];
  }

  /** Runs what comes before a call; gives back what there is to do after it. */
  async #before(moment: Moment, plan: CallPlan, intercepted: InterceptedHypercall | null) {
    const made: { action: CallAction; fields: Rule; scene: Scene }[] = [];
    for (const { rule, action } of this.#meant(moment, 'call')) {
      const scene = this.#scene(moment, intercepted);
      made.push({ action: action as CallAction, fields: rule, scene });
      await this.#acts(async () => (action as CallAction).before?.(plan, rule, scene));
    }
    return made;
  }

  async #acts(body: () => Promise<void>): Promise<void> {
    this.#acting++;
    try {
      await body();
    } finally {
      this.#acting--;
    }
  }

  /** A message of H_TPM_COMM in the guest's normal memory, as it goes on, and for how many commands it is held back. */
  #message(
    point: 'tpm-request' | 'tpm-response',
    base: Omit<Moment, 'point'>,
    bytes: Uint8Array,
    gpa: bigint,
    call: InterceptedHypercall,
  ): { readonly bytes: Uint8Array; readonly heldFor: number | null } {
    const fields = this.#observe ? { fields: fieldNames(point, CODES.get(base.command ?? '') ?? 0, bytes) } : {};
    this.#heldFor = null;
    const out = this.#change({ ...base, point, bytes: bytes.length, ...fields }, bytes, call);
    this.#traffic.passed(point, bytes);
    if (out !== bytes) call.partition.write(gpa, out.subarray(0, MAX_MESSAGE), 'hypervisor');
    return { bytes: out, heldFor: this.#heldFor };
  }

  /** Sends a command that was held back; its sender went on long ago, so its response is nobody's. */
  async #sendHeld(
    command: Uint8Array,
    { partition, args }: InterceptedHypercall,
    honest: (args: Named<RegisterUses>) => Promise<HcallResult<RegisterUses>>,
  ): Promise<void> {
    const response = partition.read(args.out_buffer ?? 0n, MAX_MESSAGE, 'hypervisor');
    partition.write(args.in_buffer ?? 0n, command, 'hypervisor');
    await honest({ ...args, in_size: BigInt(command.length) });
    partition.write(args.out_buffer ?? 0n, response, 'hypervisor');
  }

  /** What was loaded, before the Ultravisor takes it. */
  #memory(base: Omit<Moment, 'point'>, call: InterceptedHypercall): void {
    const guest = guestOf(this.#host, call.partition.lpid);
    if (!guest) return;
    for (const region of ['kernel', 'initrd', 'rtas', 'device-tree', 'bootargs', 'blob'] as const) {
      const bytes = readRegion(guest, region);
      if (!bytes) continue;
      const out = this.#change({ ...base, point: 'memory', region, bytes: bytes.length }, bytes, call);
      if (out !== bytes) writeRegion(guest, region, out);
    }
  }

  #page(base: Omit<Moment, 'point'>, call: InterceptedHypercall): void {
    const { partition, args } = call;
    const gpa = (args.gpa ?? 0n) & ~0xffffn;
    const page = partition.read(gpa, 0x1_0000, 'hypervisor');
    const region = regionAt(guestOf(this.#host, partition.lpid), gpa);
    const out = this.#change({ ...base, point: 'page', region, bytes: page.length }, page, call);
    if (out !== page) {
      const whole = new Uint8Array(0x1_0000);
      whole.set(out.subarray(0, whole.length));
      partition.write(gpa, whole, 'hypervisor');
    }
  }

  #change(moment: Moment, bytes: Uint8Array, intercepted: InterceptedHypercall): Uint8Array {
    let out = bytes;
    for (const { rule, action } of this.#meant(moment, 'bytes'))
      out = applied(action as BytesAction, rule, out, this.#scene(moment, intercepted)) ?? out;
    return out;
  }

  #result(base: Omit<Moment, 'point'>, result: HcallResult<RegisterUses>, call: InterceptedHypercall): HcallResult<RegisterUses> {
    if (!('r3' in result)) return result;
    const uses: RegisterUses = call.call?.out ?? {};
    const names = Object.entries(uses).map(([name, { register }]) => [name, `r${register}`] as const);
    const registers = new Map([['r3', BigInt(result.r3)], ...names.map(([name, r]) => [r, result.out?.[name] ?? 0n] as const)]);
    if (!this.#registers({ ...base, point: 'result' }, registers, call)) return result;
    const out = Object.fromEntries(names.map(([name, r]) => [name, registers.get(r) ?? 0n]));
    return { r3: Number(registers.get('r3')), ...(result.out ? { out } : {}) };
  }

  /** Whether any rule was meant. */
  #registers(moment: Moment, registers: Map<string, bigint>, intercepted: InterceptedHypercall | null): boolean {
    const meant = this.#meant(moment, 'registers');
    for (const { rule, action } of meant) (action as RegistersAction).apply(registers, rule, this.#scene(moment, intercepted));
    return meant.length > 0;
  }

  /** Notes the moment; the rules whose turn it is. Call actions and others of one point see the moment once. */
  #meant(moment: Moment, kind: AnyAction['kind']): readonly { readonly rule: Rule; readonly action: AnyAction }[] {
    // At an ultracall both the call and its registers can be meant: it is noted once, with the call.
    if (!(moment.point === 'ultracall' && kind === 'registers')) this.#moments.push(moment);
    return this.#rules.filter(entry => {
      const { rule, action } = entry;
      if (action.kind !== kind || !fits(rule.at, rule, moment)) return false;
      entry.seen++;
      return rule.occurrence === 'every' || entry.seen === (rule.occurrence ?? 1);
    });
  }

  #scene(moment: Moment, intercepted: InterceptedHypercall | null): Scene {
    const { bus } = this.#world;
    const lpid = intercepted?.partition.lpid ?? this.#host.guests.find(({ name }) => name === moment.guest)?.spec.lpid ?? 0;
    return {
      world: this.#world,
      host: this.#host,
      moment,
      lpid,
      intercepted,
      recorded: point => this.#traffic.earlier(point),
      earlier: this.#traffic.earlier(moment.point),
      holdBack: commands => {
        this.#heldFor = commands;
      },
      bytesOf: this.#bytesOf,
      tell: (target, detail) =>
        void bus.emit('adversary', 'hypervisor', { action: moment.point, target, detail }, { place: { host: this.#host.name, lpid } }),
    };
  }
}

/** What an action makes of bytes, or of the field of a TPM message that its rule names. */
function applied(action: BytesAction, rule: Rule, bytes: Uint8Array, scene: Scene): Uint8Array | null {
  const { point, command = '' } = scene.moment;
  const { field, sizes = 'fixed' } = rule as { field?: string; sizes?: 'fixed' | 'kept' };
  if (field === undefined || (point !== 'tpm-request' && point !== 'tpm-response')) return action.apply(bytes, rule, scene);
  const found = fieldOf(point, CODES.get(command) ?? 0, bytes, field);
  const changed = found && action.apply(found.contents, rule, scene);
  return changed && found.replaced(changed, sizes);
}

/** The TPM command that a packet begins with. */
function nameOf(packet: Uint8Array): string {
  if (packet.length < 10) return 'no command';
  const code = new DataView(packet.buffer, packet.byteOffset).getUint32(6);
  return COMMANDS.get(code) ?? `0x${code.toString(16)}`;
}
