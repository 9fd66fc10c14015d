import { fromHex, getU32, hex, setU32 } from '../../../bytes/index.ts';
import {
  gfnOf,
  type HcallResult,
  type Hypervisor,
  type InterceptedHypercall,
  type Interceptor,
  PAGE_SHIFT,
  type Partition,
  type Registers,
  SECURE_GUEST,
  type Vcpu,
} from '../../../hcall/index.ts';
import {
  H,
  hypercallSignatures,
  type Named,
  type RegisterUses,
  s64,
  type UltracallSignature,
  UV_PAGE_IN,
  UV_PAGE_INVAL,
  UV_PAGE_OUT,
  UV_REGISTER_MEM_SLOT,
  UV_SVM_TERMINATE,
  u64,
} from '../../../spec/index.ts';
import type { Tpm } from '../../../tpm/index.ts';
import type { Fault } from './ultravisor-recording.ts';

type Result = HcallResult<RegisterUses>;

/** A hypercall as it was seen, in the recording's terms. */
export interface SeenHypercall {
  readonly call: string;
  readonly in: readonly string[];
  readonly ultracalls: (readonly [name: string, args: string, r3: number])[];
  readonly frame: Registers;
  r3: number | null;
  out: readonly string[];
  command?: Uint8Array;
}

// The recording names what a hypervisor does while it answers; of each call the arguments that say which page or slot.
const shown = (call: UltracallSignature<RegisterUses>, args: readonly bigint[]): string => {
  switch (call.number) {
    case UV_REGISTER_MEM_SLOT.number:
      return [args[1], args[2], args[4]].map(value => hex(value ?? 0n)).join(' ');
    case UV_PAGE_INVAL.number:
      return hex(args[1] ?? 0n);
    case UV_SVM_TERMINATE.number:
      return '';
    default:
      return hex(args[2] ?? 0n);
  }
};
const OBSERVED: ReadonlyMap<number, UltracallSignature<RegisterUses>> = new Map(
  [UV_REGISTER_MEM_SLOT, UV_PAGE_IN, UV_PAGE_OUT, UV_PAGE_INVAL, UV_SVM_TERMINATE].map(call => [
    call.number,
    call as unknown as UltracallSignature<RegisterUses>,
  ]),
);

/** Input registers that are kept; the recording shows as many as a call has. */
const MOST_INPUTS = 9;

const RTAS_ANSWER = { r3: H.FUNCTION } as const;

/**
 * The recording's hypervisor: KVM and QEMU of this simulator with the recorded faults between, a TPM behind H_TPM_COMM, and H_RTAS
 * answered H_FUNCTION, which no real hypervisor does for ibm,os-term.
 */
export class PlayedHypervisor implements Interceptor {
  readonly seen: SeenHypercall[] = [];
  readonly #hypervisor: Hypervisor;
  readonly #partition: Partition;
  readonly #tpm: Tpm | null;
  readonly #faults: readonly Fault[];
  /** Answers of the TPM in an earlier unwrap. */
  readonly #earlier: readonly Uint8Array[];
  readonly answers: Uint8Array[] = [];
  readonly #count = new Map<string, number>();
  /** Answers of a case that are not those of an honest hypervisor; null: go on as usual. */
  answer: ((call: InterceptedHypercall, name: string) => Result | null) | null = null;

  constructor(
    hypervisor: Hypervisor,
    partition: Partition,
    { tpm = null, faults = [], earlier = [] }: { tpm?: Tpm | null; faults?: readonly Fault[]; earlier?: readonly Uint8Array[] } = {},
  ) {
    this.#hypervisor = hypervisor;
    this.#partition = partition;
    this.#tpm = tpm;
    this.#faults = faults;
    this.#earlier = earlier;
    hypervisor.interceptor = this;
  }

  #fault(at: string): Fault | undefined {
    const nth = (this.#count.get(at) ?? 0) + 1;
    this.#count.set(at, nth);
    return this.#faults.find(fault => fault.at === at && fault.nth === nth);
  }

  async hypercall(call: InterceptedHypercall, honest: (args: Named<RegisterUses>) => Promise<Result>): Promise<Result> {
    const signature = hypercallSignatures.get(Number(call.number));
    const name = signature?.name ?? hex(call.number);
    const inputs = Array.from({ length: MOST_INPUTS }, (_, i) => hex(call.vcpu.get(4 + i)));
    const seen: SeenHypercall = { call: name, in: inputs, ultracalls: [], frame: call.vcpu.saved(), r3: null, out: [] };
    this.seen.push(seen);
    const fault = this.#fault(name);
    for (const [gpa, move] of [
      [fault?.pagein, UV_PAGE_IN],
      [fault?.pageout, UV_PAGE_OUT],
    ] as const) {
      if (gpa === undefined) continue;
      const { lpid } = this.#partition;
      const ra = this.#partition.frame(gfnOf(BigInt(gpa)));
      await this.#hypervisor.ultracall(move, { lpid, ra, gpa: BigInt(gpa), flags: 0, order: PAGE_SHIFT });
    }
    const result = await this.#answer(call, name, fault, honest, seen);
    if ('r3' in result) {
      seen.r3 = Number(s64(u64(result.r3)));
      seen.out = Object.values(result.out ?? {}).flatMap(value => (value === undefined ? [] : [hex(value)]));
    } else if ('resumeGuest' in result) seen.r3 = result.resumeGuest;
    return result;
  }

  async #answer(
    call: InterceptedHypercall,
    name: string,
    fault: Fault | undefined,
    honest: (args: Named<RegisterUses>) => Promise<Result>,
    seen: SeenHypercall,
  ): Promise<Result> {
    const given = this.answer?.(call, name);
    if (given) return given;
    if (name === 'H_TPM_COMM') return this.#tpmComm(call, fault, seen);
    if (name === 'H_RTAS') return RTAS_ANSWER;
    if (fault?.r3 === undefined) return honest(call.args);
    // It can be aborted all the same, as after a start that KVM itself refuses.
    if (name === 'H_SVM_INIT_START') this.#partition.state.secureGuest = SECURE_GUEST.INIT_START;
    if (fault.also) await honest(call.args);
    return { r3: fault.r3 };
  }

  async #tpmComm({ args }: InterceptedHypercall, fault: Fault | undefined, seen: SeenHypercall): Promise<Result> {
    const { in_buffer = 0n, in_size = 0n, out_buffer = 0n } = args;
    if (args.op === 2n) return { r3: fault?.r3 ?? 0 };
    const command = this.#partition.read(in_buffer, Number(in_size), 'hypervisor');
    seen.command = command;
    if (fault?.r3 !== undefined && !fault.also) {
      this.answers.push(new Uint8Array(0));
      return { r3: fault.r3 };
    }
    const answered = this.#tpmAnswer(command, fault);
    this.answers.push(answered);
    this.#partition.write(out_buffer, answered, 'hypervisor');
    if (fault?.inval) await this.#hypervisor.ultracall(UV_PAGE_INVAL, { lpid: this.#partition.lpid, gpa: out_buffer, order: PAGE_SHIFT });
    return { r3: fault?.r3 ?? 0, out: { size: BigInt(fault?.length ?? answered.length) } };
  }

  #tpmAnswer(command: Uint8Array, fault: Fault = { at: '', nth: 0 }): Uint8Array {
    const asked = command.slice();
    if (fault.other !== undefined) setU32(asked, 10, fault.other);
    // What the hypervisor has an answer for does not reach the TPM.
    const own = fault.late !== undefined || fault.replay !== undefined || fault.replace !== undefined || fault.rc !== undefined;
    let answer: Uint8Array = own ? new Uint8Array(0) : (this.#tpm?.execute(asked).slice() ?? new Uint8Array(0));
    if (fault.late !== undefined) answer = this.answers[fault.late - 1]?.slice() ?? answer;
    if (fault.replay !== undefined) answer = this.#earlier[fault.replay - 1]?.slice() ?? answer;
    if (fault.replace !== undefined) answer = fromHex(fault.replace);
    if (fault.rc !== undefined) answer = errorAnswer(fault.rc);
    if (fault.forge !== undefined) answer = forged(answer, fault.forge);
    for (const [at, bytes] of fault.patch ?? []) answer.set(fromHex(bytes), at);
    const flipAt = (at: number): void => {
      const place = at < 0 ? answer.length + at : at;
      answer[place] = (answer[place] ?? 0) ^ 1;
    };
    if (fault.flip !== undefined) flipAt(fault.flip);
    // TPM2_ReadPublic: the name lies behind the sized public area.
    if (fault.nameflip) flipAt(10 + 2 + getSize(answer, 10) + 2 + 5);
    // Behind parameterSize, parameters and nonceTPM.
    if (fault.attr !== undefined) answer[attributesAt(answer)] = fault.attr;
    if (fault.cut !== undefined) answer = answer.slice(0, fault.cut);
    if (fault.append !== undefined) answer = Uint8Array.from([...answer, ...fromHex(fault.append)]);
    if (fault.fix) setU32(answer, 2, answer.length);
    return answer;
  }

  async ultracall(
    number: number,
    args: readonly bigint[],
    honest: (args: readonly bigint[]) => Promise<readonly bigint[]>,
  ): Promise<readonly bigint[]> {
    const result = await honest(args);
    const call = OBSERVED.get(number);
    if (call) this.seen.at(-1)?.ultracalls.push([call.name, shown(call, args), Number(s64(result[0] ?? 0n))]);
    return result;
  }

  async beforeReturn(vcpu: Vcpu): Promise<void> {
    const cookie = this.#fault('return')?.cookie;
    if (cookie !== undefined) vcpu.set(31, BigInt(cookie));
  }
}

const getSize = (bytes: Uint8Array, at: number): number => getU32(bytes, at) >>> 16;
const attributesAt = (answer: Uint8Array): number => {
  const nonceAt = 14 + getU32(answer, 10);
  return nonceAt + 2 + getSize(answer, nonceAt);
};

function errorAnswer(rc: number): Uint8Array {
  const answer = fromHex('80010000000a00000000');
  setU32(answer, 6, rc);
  return answer;
}

/** An answer made up by who does not know the password. */
function forged(answer: Uint8Array, how: string): Uint8Array {
  let made: Uint8Array;
  if (how === 'nohmac') made = Uint8Array.from([...answer.subarray(0, attributesAt(answer) + 1), 0, 0]);
  else if (how === 'nonce0') made = Uint8Array.from([...answer.subarray(0, 14), 0, 0]);
  else throw new RangeError(`no forgery "${how}" is known`);
  setU32(made, 2, made.length);
  return made;
}
