import { type Inspected, inspectCommand, inspectResponse } from '../trace/index.ts';
import { type Direction, HEADER_BYTES, type Sighting, TPM12_REQUESTS, TPM12_RESPONSES, u16, u32 } from './message.ts';
import { isCommandCode } from './names.ts';
import { inspectTpm12, ordinalName } from './tpm12.ts';

/** A TPM message found somewhere, taken apart. */
export interface FoundMessage {
  /** Counted from 1 over the whole input. */
  readonly number: number;
  /** `packet 12, 10.0.0.9:40000 → 10.0.0.8:2321`, `line 4`, or nothing. */
  readonly where: string;
  readonly conversation: string;
  readonly bytes: Uint8Array;
  readonly inspected: Inspected;
  /** Of a response: the number of the command that it answers. */
  readonly answers?: number;
  /** Why not all of the message is here. */
  readonly broken?: string;
  readonly timeNs?: bigint;
}

interface Waiting {
  readonly number: number;
  readonly code: number;
  readonly tpm12: boolean;
}

/** Conversations that are remembered: of a log with ever new processes the oldest are forgotten. */
const MOST = 4096;

/**
 * Responses do not say what they answer: it is the command before them in their conversation, once. After a loss a response is
 * nobody's rather than another command's.
 */
export class Conversations {
  readonly #waiting = new Map<string, Waiting>();
  readonly #last = new Map<string, Sighting>();
  #number = 0;

  /** Nothing for a message that was logged twice. */
  take(sighting: Sighting): FoundMessage | undefined {
    const { bytes, conversation, where, broken, timeNs } = sighting;
    const direction = this.#directionOf(sighting);
    const last = this.#last.get(conversation);
    // tpm2-tss logs what it reads piece by piece, and then the whole once more.
    if (direction === 'response' && last?.pieces && Buffer.compare(last.bytes, bytes) === 0) {
      this.#last.delete(conversation);
      return undefined;
    }
    this.#remember(this.#last, conversation, sighting);
    const number = ++this.#number;
    const waiting = direction === 'response' ? this.#waiting.get(conversation) : undefined;
    const inspected = direction === 'command' ? this.#command(sighting, number) : this.#response(sighting, waiting);
    return {
      number,
      where,
      conversation,
      bytes,
      inspected,
      ...(waiting && inspected.code !== undefined && { answers: waiting.number }),
      ...(broken && { broken }),
      ...(timeNs !== undefined && { timeNs }),
    };
  }

  #remember<T>(map: Map<string, T>, key: string, value: T): void {
    map.delete(key);
    map.set(key, value);
    if (map.size > MOST) map.delete(map.keys().next().value as string);
  }

  #command({ bytes, conversation }: Sighting, number: number): Inspected {
    const tpm12 = TPM12_REQUESTS.has(u16(bytes, 0));
    if (bytes.length >= HEADER_BYTES) this.#remember(this.#waiting, conversation, { number, code: u32(bytes, 6), tpm12 });
    return tpm12 && bytes.length >= HEADER_BYTES ? inspectTpm12(bytes, 'command') : inspectCommand(bytes, true);
  }

  #response({ bytes, conversation, broken }: Sighting, waiting: Waiting | undefined): Inspected {
    this.#waiting.delete(conversation);
    const tag = u16(bytes, 0);
    // TPM 2.0 answers a wrong tag with 0x00c4 and TPM_RC_BAD_TAG; 1.2 has this tag for all answers.
    if (
      TPM12_RESPONSES.has(tag) &&
      bytes.length >= HEADER_BYTES &&
      (waiting?.tpm12 || !(bytes.length === HEADER_BYTES && u32(bytes, 6) === 0x1e))
    )
      return inspectTpm12(bytes, 'response', waiting?.code);
    if (!waiting) return inspectResponse(bytes);
    if (waiting.tpm12) return { ...inspectResponse(bytes), code: waiting.code, name: ordinalName(waiting.code) };
    const inspected = inspectResponse(bytes, waiting.code, true);
    if (!inspected.fault || broken) return inspected;
    return {
      ...inspectResponse(bytes),
      remarks: [`it is no response to ${inspected.name} (${inspected.fault}): its own command is not here, or it is damaged`],
    };
  }

  #directionOf({ bytes, direction, conversation }: Sighting): Direction {
    const tag = u16(bytes, 0);
    if (TPM12_REQUESTS.has(tag)) return 'command';
    if (TPM12_RESPONSES.has(tag)) return 'response';
    if (direction) return direction;
    if (bytes.length < HEADER_BYTES) return this.#waiting.has(conversation) ? 'response' : 'command';
    const code = u32(bytes, 6);
    if (!isCommandCode(code)) return 'response';
    // Errors have the numbers of commands too: they are ten bytes, and come when something was asked.
    const mayBeError = bytes.length === HEADER_BYTES && tag === 0x8001;
    if (!mayBeError) return 'command';
    if (!this.#waiting.has(conversation)) return 'command';
    return inspectCommand(bytes).fault || code & 0x80 ? 'response' : 'command';
  }
}
