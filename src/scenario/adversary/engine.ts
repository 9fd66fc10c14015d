import { type HcallResult, type InterceptedHypercall, type Interceptor, PAGE_BYTES, type Vcpu } from '../../hcall/index.ts';
import { H_SVM_INIT_START, H_SVM_PAGE_IN, type Named, type RegisterUses, TPM_COMM_BYTES } from '../../spec/index.ts';
import { commandCodes } from '../../tpm/wire/index.ts';
import { ultracalls } from '../../ultravisor/index.ts';
import type { Contents } from '../language/values.ts';
import type { CallPlan } from './action.ts';
import { type Betray, type Betrayal, tellBetrayal } from './betrayal.ts';
import { changed } from './changed.ts';
import { fieldNames } from './messages/message-fields.ts';
import { commandIn, putMessage, requestOf, responseOf } from './messages/tpm-exchange.ts';
import { Traffic, type TrafficState } from './messages/traffic.ts';
import type { Moment } from './moment.ts';
import type { Reach } from './reach.ts';
import { MEASURED_REGIONS, pageAt, readRegion, regionAt, wholePage, writeRegion } from './regions.ts';
import { readCallResult, readReturn, writeCallResult, writeReturn } from './register-maps.ts';
import type { Rule } from './rule.ts';
import { type Meant, RuleWatch } from './rule-watch.ts';
import type { Scene } from './scene.ts';

/** What passed so far, as plain data: a run that starts from a snapshot counts on from here. */
export interface AdversaryState {
  readonly moments: readonly Moment[];
  readonly traffic: TrafficState;
}

export interface AdversaryOptions {
  readonly reach: Reach;
  readonly betray: Betray;
  readonly rules: readonly Rule[];
  readonly bytesOf: (contents: Contents) => Uint8Array;
  /** Told each deed of a rule. */
  readonly onStrike?: (rule: Rule, deed: { readonly target: string; readonly detail: string }, event: number) => void;
  readonly before?: AdversaryState | undefined;
  /** Note what a search wants to know of each moment. */
  readonly observe?: boolean;
}

type Result = HcallResult<RegisterUses>;
type Honest = (args: Named<RegisterUses>) => Promise<Result>;
/** Where a hypercall is: what all its moments have in common. */
type Place = Omit<Moment, 'point'>;

/** A hostile hypervisor: notes every moment that passes a point, and does at each what the rules say. */
export class Adversary implements Interceptor {
  readonly #reach: Reach;
  readonly #betray: Betray;
  readonly #bytesOf: (contents: Contents) => Uint8Array;
  readonly #watch: RuleWatch;
  readonly #traffic: Traffic;
  readonly #observe: boolean;
  readonly #onStrike: AdversaryOptions['onStrike'];
  /** Hypercalls that are being handled, the innermost last, and the one that was handled last, for UV_RETURN. */
  readonly #calls: InterceptedHypercall[] = [];
  #answered: InterceptedHypercall | null = null;
  /** Ultracalls of the adversary's own pass unhindered. */
  #acting = 0;
  /** Set while the actions on a message run: it is to be kept back for so many commands. */
  #heldFor: number | null = null;

  constructor({ reach, betray, rules, bytesOf, before, observe = false, onStrike }: AdversaryOptions) {
    this.#reach = reach;
    this.#betray = betray;
    this.#bytesOf = bytesOf;
    this.#observe = observe;
    this.#onStrike = onStrike;
    this.#traffic = new Traffic(before?.traffic);
    const own = rules.filter(rule => rule.host === undefined || rule.host === reach.host);
    this.#watch = new RuleWatch(own, before?.moments ?? []);
  }

  get moments(): readonly Moment[] {
    return this.#watch.moments;
  }

  snapshot(): AdversaryState {
    return { moments: [...this.moments], traffic: this.#traffic.snapshot() };
  }

  async hypercall(intercepted: InterceptedHypercall, honest: Honest): Promise<Result> {
    const request = requestOf(intercepted);
    const place: Place = {
      guest: this.#reach.guest(intercepted.lpid)?.name,
      call: intercepted.call?.name ?? 'unknown hypercall',
      ...(request ? { command: commandIn(request) } : {}),
    };
    this.#calls.push(intercepted);
    try {
      return await this.#handle(intercepted, place, request, honest);
    } finally {
      this.#answered = this.#calls.pop() ?? null;
    }
  }

  async #handle(intercepted: InterceptedHypercall, place: Place, request: Uint8Array | null, honest: Honest): Promise<Result> {
    const { args } = intercepted;
    const plan: CallPlan = { times: 1, answer: 0 };
    const made = await this.#before({ point: 'hypercall', ...place }, plan, intercepted);
    if (place.call === H_SVM_INIT_START.name) this.#memory(place, intercepted);
    if (place.call === H_SVM_PAGE_IN.name && args.flags === 0n) this.#page(place, intercepted);
    let result: Result = { r3: plan.answer };
    if (request) result = this.#answer(place, await this.#exchange(place, request, plan, intercepted, honest), intercepted);
    else for (let time = 0; time < plan.times; time++) result = await honest(args);
    if (plan.r3 !== undefined && 'r3' in result) result = { ...result, r3: plan.r3 };
    result = this.#result(place, result, intercepted);
    for (const { action, rule, scene } of made) await this.#acts(async () => action.after?.(rule, scene));
    return result;
  }

  async ultracall(
    number: number,
    args: readonly bigint[],
    honest: (args: readonly bigint[]) => Promise<readonly bigint[]>,
  ): Promise<readonly bigint[]> {
    if (this.#acting > 0) return honest(args);
    const call = ultracalls.get(number)?.name ?? 'unknown ultracall';
    const moment: Moment = { point: 'ultracall', guest: this.#reach.guest(Number(args[0] ?? 0n))?.name, call };
    const plan: CallPlan = { times: 1, answer: 0 };
    const intercepted = this.#calls.at(-1) ?? null;
    await this.#before(moment, plan, intercepted);
    const registers = new Map(args.map((arg, i) => [`r${4 + i}`, arg]));
    this.#registers(moment, registers, intercepted);
    let out: readonly bigint[] = [BigInt(plan.answer)];
    for (let time = 0; time < plan.times; time++) out = await honest(args.map((arg, i) => registers.get(`r${4 + i}`) ?? arg));
    return plan.r3 === undefined ? out : [BigInt(plan.r3), ...out.slice(1)];
  }

  async beforeReturn(vcpu: Vcpu): Promise<void> {
    const intercepted = this.#answered;
    this.#answered = null;
    const guest = this.#reach.guest(Number(vcpu.regs.lpidr))?.name;
    const registers = readReturn(vcpu);
    this.#registers({ point: 'return', guest, call: intercepted?.call?.name ?? 'interrupt' }, registers, intercepted);
    writeReturn(vcpu, registers);
  }

  /** Runs what comes before a call; gives back what there is to do after it. */
  async #before(moment: Moment, plan: CallPlan, intercepted: InterceptedHypercall | null) {
    const made: (Meant<'call'> & { readonly scene: Scene<Betrayal> })[] = [];
    for (const { rule, action } of this.#watch.meant(moment, 'call')) {
      const scene = this.#scene(moment, intercepted, rule, action.betrayed);
      made.push({ action, rule, scene });
      await this.#acts(async () => action.before?.(plan, rule, scene));
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

  /** A command on its way to the TPM, as often as the plan says; behind it goes one that was held back, if it is due. */
  async #exchange(place: Place, request: Uint8Array, plan: CallPlan, intercepted: InterceptedHypercall, honest: Honest): Promise<Result> {
    const { lpid, args } = intercepted;
    const gpa = args.in_buffer ?? 0n;
    const due = this.#traffic.due(lpid);
    const { bytes, heldFor } = this.#message('tpm-request', place, request, gpa, intercepted);
    let result: Result = { r3: plan.answer };
    if (heldFor === null) {
      for (let time = 0; time < plan.times; time++) {
        // The response lies where the command lay: who sends it again writes it again.
        if (time > 0) putMessage(intercepted, gpa, bytes);
        result = await honest({ ...args, in_size: BigInt(bytes.length) });
      }
    } else result = this.#traffic.holdBack(intercepted, bytes, heldFor);
    if (due) await this.#sendHeld(due, intercepted, honest);
    return result;
  }

  /** The response on its way back. */
  #answer(place: Place, result: Result, intercepted: InterceptedHypercall): Result {
    const response = responseOf(intercepted, result);
    if (!response || !('r3' in result)) return result;
    const { length } = this.#message('tpm-response', place, response, intercepted.args.out_buffer ?? 0n, intercepted).bytes;
    return length === response.length ? result : { ...result, out: { ...result.out, size: BigInt(length) } };
  }

  /** A message of H_TPM_COMM in the guest's normal memory, as it goes on, and for how many commands it is held back. */
  #message(
    point: 'tpm-request' | 'tpm-response',
    place: Place,
    bytes: Uint8Array,
    gpa: bigint,
    intercepted: InterceptedHypercall,
  ): { readonly bytes: Uint8Array; readonly heldFor: number | null } {
    const fields = this.#observe ? { fields: fieldNames(point, commandCodes.get(place.command ?? '') ?? 0, bytes) } : {};
    this.#heldFor = null;
    const out = this.#change({ ...place, point, bytes: bytes.length, ...fields }, bytes, intercepted);
    this.#traffic.passed(point, bytes);
    if (out !== bytes) putMessage(intercepted, gpa, out);
    return { bytes: out, heldFor: this.#heldFor };
  }

  /** Sends a command that was held back; its sender went on long ago, so its response is nobody's. */
  async #sendHeld(command: Uint8Array, { memory, args }: InterceptedHypercall, honest: Honest): Promise<void> {
    const response = memory.read(args.out_buffer ?? 0n, TPM_COMM_BYTES);
    memory.write(args.in_buffer ?? 0n, command);
    await honest({ ...args, in_size: BigInt(command.length) });
    memory.write(args.out_buffer ?? 0n, response);
  }

  /** What was loaded, before the Ultravisor takes it. */
  #memory(place: Place, intercepted: InterceptedHypercall): void {
    const guest = this.#reach.guest(intercepted.lpid);
    if (!guest) return;
    for (const region of MEASURED_REGIONS) {
      const bytes = readRegion(guest, region);
      if (!bytes) continue;
      const out = this.#change({ ...place, point: 'memory', region, bytes: bytes.length }, bytes, intercepted);
      if (out !== bytes) writeRegion(guest, region, out);
    }
  }

  #page(place: Place, intercepted: InterceptedHypercall): void {
    const { memory, lpid } = intercepted;
    const gpa = pageAt(intercepted.args.gpa ?? 0n);
    const page = memory.read(gpa, PAGE_BYTES);
    const region = regionAt(this.#reach.guest(lpid), gpa);
    const out = this.#change({ ...place, point: 'page', region, bytes: page.length }, page, intercepted);
    if (out !== page) memory.write(gpa, wholePage(out));
  }

  #change(moment: Moment, bytes: Uint8Array, intercepted: InterceptedHypercall): Uint8Array {
    let out = bytes;
    for (const meant of this.#watch.meant(moment, 'bytes'))
      out = changed(meant, out, this.#scene(moment, intercepted, meant.rule, meant.action.betrayed)) ?? out;
    return out;
  }

  #result(place: Place, result: Result, intercepted: InterceptedHypercall): Result {
    if (!('r3' in result)) return result;
    const registers = readCallResult(intercepted.call, result);
    return this.#registers({ ...place, point: 'result' }, registers, intercepted)
      ? writeCallResult(intercepted.call, result, registers)
      : result;
  }

  /** Whether any rule was meant. */
  #registers(moment: Moment, registers: Map<string, bigint>, intercepted: InterceptedHypercall | null): boolean {
    const meant = this.#watch.meant(moment, 'registers');
    for (const { rule, action } of meant) action.apply(registers, rule, this.#scene(moment, intercepted, rule, action.betrayed));
    return meant.length > 0;
  }

  #scene(moment: Moment, intercepted: InterceptedHypercall | null, rule: Rule, asked: readonly Betrayal[] = []): Scene<Betrayal> {
    const reach = this.#reach;
    const guest = intercepted ? reach.guest(intercepted.lpid) : reach.guestNamed(moment.guest);
    const lpid = intercepted?.lpid ?? guest?.lpid ?? 0;
    if (asked.length > 0) reach.note(tellBetrayal(asked));
    return {
      moment,
      lpid,
      guest,
      reach,
      intercepted,
      earlier: this.#traffic.earlier(moment.point),
      betrayed: this.#betray(asked),
      recorded: point => this.#traffic.earlier(point),
      holdBack: commands => {
        this.#heldFor = commands;
      },
      bytesOf: this.#bytesOf,
      tell: (target, detail, { action = moment.point, sights = [] } = {}) => {
        const event = reach.tell({ lpid, action, target, detail, sights });
        this.#onStrike?.(rule, { target, detail }, event);
      },
    };
  }
}
