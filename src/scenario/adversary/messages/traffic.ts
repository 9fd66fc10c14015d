import type { HcallResult, InterceptedHypercall } from '../../../hcall/index.ts';
import { type RegisterUses, withTpmHeader } from '../../../spec/index.ts';
import { TPM_RC, TPM_ST } from '../../../tpm/wire/index.ts';
import type { Point } from '../moment.ts';

/** Messages that passed, as plain data. */
export interface TrafficState {
  readonly messages: readonly { readonly point: Point; readonly bytes: Uint8Array }[];
  readonly held: readonly Held[];
}

/** A command that was kept back. */
interface Held {
  readonly lpid: number;
  readonly command: Uint8Array;
  /** Commands of this guest that pass before it. */
  readonly left: number;
}

const EMPTY_SUCCESS = withTpmHeader(TPM_ST.NO_SESSIONS, TPM_RC.SUCCESS);

/** What passed between the guests and the TPM, and what is kept back of it. */
export class Traffic {
  readonly #messages: { point: Point; bytes: Uint8Array }[];
  #held: Held[];

  constructor(before?: TrafficState) {
    this.#messages = [...(before?.messages ?? [])];
    this.#held = [...(before?.held ?? [])];
  }

  /** Messages of a point that passed before, the oldest first. */
  earlier(point: Point): readonly Uint8Array[] {
    return this.#messages.filter(message => message.point === point).map(({ bytes }) => bytes);
  }

  passed(point: Point, bytes: Uint8Array): void {
    this.#messages.push({ point, bytes });
  }

  /** Keeps a command back. What its sender is told: an empty success, in its buffer. */
  holdBack({ lpid, memory, args }: InterceptedHypercall, command: Uint8Array, commands: number): HcallResult<RegisterUses> {
    this.#held.push({ lpid, command, left: commands });
    memory.write(args.out_buffer ?? 0n, EMPTY_SUCCESS);
    return { r3: 0, out: { size: BigInt(EMPTY_SUCCESS.length) } };
  }

  /** The held command whose turn comes behind the command that passes now. */
  due(lpid: number): Uint8Array | undefined {
    this.#held = this.#held.map(held => (held.lpid === lpid ? { ...held, left: held.left - 1 } : held));
    const due = this.#held.find(held => held.lpid === lpid && held.left <= 0);
    this.#held = this.#held.filter(held => held !== due);
    return due?.command;
  }

  snapshot(): TrafficState {
    return { messages: [...this.#messages], held: [...this.#held] };
  }
}
