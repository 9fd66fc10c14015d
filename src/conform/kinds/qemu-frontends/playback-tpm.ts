import { concat, fromHex, getU32, toHex } from '../../../bytes/index.ts';
import type { EmulatorChannels, PassthroughDevice, ServedChannels } from '../../../frontends/index.ts';
import type { Differences } from '../../played-case.ts';
import type { RecordedExchange } from './frontend-recording.ts';

const CONTROL_NAMES: Readonly<Record<number, string>> = {
  1: 'CMD_GET_CAPABILITY',
  2: 'CMD_INIT',
  4: 'CMD_GET_TPMESTABLISHED',
  14: 'CMD_STOP',
  16: 'CMD_SET_DATAFD',
  17: 'CMD_SET_BUFFERSIZE',
};
const PROBE_ANSWERS = { '2.0': fromHex('80010000000a00000101'), '1.2': fromHex('00c40000000a00000009') } as const;
const HEADER_OF_BLOB = 16;
const RESULT_DIGITS = 8;
const SET_STATEBLOB = '0000000d';

/** Both channels of a recorded TPM, or its device file: what QEMU sends is compared, what it was answered is played back. */
export class PlaybackTpm implements EmulatorChannels, PassthroughDevice {
  readonly path = '/dev/tpm0';
  readonly #live: ServedChannels | null;
  /** Of the live TPM, held back until the recorded one has answered. */
  #answers: Uint8Array[] = [];
  readonly #differences: Differences;
  readonly #version: '1.2' | '2.0';
  #field = 'boot';
  /** Null: what the recording leaves out (most machines' start) is answered as the recorded emulator does. */
  #expected: RecordedExchange[] | null = null;
  #received: Uint8Array[] = [];
  #closed = false;
  #waiting: (() => void) | null = null;

  /** @param live answers in place of the recorded TPM; its answers are compared with the recorded ones. */
  constructor(differences: Differences, version: '1.2' | '2.0', live: ServedChannels | null = null) {
    this.#differences = differences;
    this.#version = version;
    this.#live = live;
  }

  expect(field: string, exchanges: readonly RecordedExchange[] | null): void {
    this.#field = field;
    this.#expected = exchanges && [...exchanges];
    this.#deliver();
  }

  /** What was recorded and did not come. */
  finish(): void {
    for (const left of this.#expected ?? []) this.#differences.compare(`${this.#field}.backend`, describe(left), 'not sent');
    this.#expected = [];
  }

  /** An answer that stands next comes by itself. */
  #deliver(): void {
    for (;;) {
      const next = this.#expected?.[0];
      if (next?.control === undefined && next?.response !== undefined) this.#received.push(this.#answerLike(next));
      else if (next?.dataChannel !== undefined) this.#closed = true;
      else return;
      this.#expected?.shift();
      this.#waiting?.();
    }
  }

  #answerLike({ response = '', responseMask }: RecordedExchange): Uint8Array {
    const live = this.#answers.shift();
    if (!live) return fromHex(response);
    this.#differences.compare(`${this.#field}.response`, masked(response, responseMask), masked(toHex(live), responseMask));
    return live;
  }

  #take(what: string, wanted: (exchange: RecordedExchange) => boolean): RecordedExchange | null {
    const next = this.#expected?.[0];
    if (!next || !wanted(next)) {
      this.#differences.compare(`${this.#field}.backend`, next ? describe(next) : 'nothing', what);
      return null;
    }
    this.#expected?.shift();
    return next;
  }

  async control(request: Uint8Array): Promise<Uint8Array | null> {
    if (!this.#expected) return this.#live?.ask(request) ?? this.#defaultAnswer(request);
    const wanted = (exchange: RecordedExchange) => exchange.control !== undefined && sameRequest(exchange, request, this.#live !== null);
    const taken = this.#take(`control ${toHex(request.subarray(0, 24))}`, wanted);
    const live = this.#live?.ask(request);
    this.#deliver();
    if (live) {
      const recorded = taken?.responseHeader?.slice(0, RESULT_DIGITS) ?? taken?.response ?? '';
      // More than the recorded swtpm can is no difference: newer ones also have LOCK_STORAGE.
      const mask = taken?.control === 'CMD_GET_CAPABILITY' ? `ffffffff${recorded.slice(RESULT_DIGITS)}` : undefined;
      this.#differences.compare(`${this.#field}.response`, recorded, masked(toHex(live).slice(0, recorded.length), mask));
      return live;
    }
    if (taken?.responseHeader !== undefined) return concat(fromHex(taken.responseHeader), new Uint8Array(taken.blob?.bytes ?? 0));
    return taken?.response === undefined ? new Uint8Array(4) : fromHex(taken.response);
  }

  #defaultAnswer(request: Uint8Array): Uint8Array {
    switch (CONTROL_NAMES[getU32(request, 0)]) {
      case 'CMD_GET_CAPABILITY':
        return fromHex(this.#version === '2.0' ? '000000000000ffff' : '0000000000007fff');
      case 'CMD_SET_BUFFERSIZE': {
        const answer = fromHex('000000000000100000000af800001000');
        if (getU32(request, 4) > 0) answer.set(request.subarray(4, 8), 4);
        return answer;
      }
      default:
        return new Uint8Array(8);
    }
  }

  async send(bytes: Uint8Array): Promise<boolean> {
    if (this.#closed) return false;
    if (bytes.length === 0) return true;
    if (!this.#expected) {
      this.#received.push(this.#live?.execute(bytes) ?? PROBE_ANSWERS[this.#version]);
      this.#waiting?.();
      return true;
    }
    const sent = toHex(bytes);
    if (this.#live) this.#answers.push(this.#live.execute(bytes));
    this.#take(
      `request ${sent}`,
      ({ control, request, incompleteRequest }) => control === undefined && sent === (request ?? incompleteRequest),
    );
    this.#deliver();
    return true;
  }

  async receive(most: number): Promise<Uint8Array | null> {
    while (this.#received.length === 0) {
      if (this.#closed) return null;
      await new Promise<void>(resolve => {
        this.#waiting = resolve;
      });
    }
    const [first = new Uint8Array(0), ...rest] = this.#received;
    this.#received = first.length > most ? [first.subarray(most), ...rest] : rest;
    return first.subarray(0, most);
  }

  write(bytes: Uint8Array): Promise<boolean> {
    return this.send(bytes);
  }

  read(most: number): Promise<Uint8Array | null> {
    return this.receive(most);
  }

  async cancel(): Promise<void> {
    this.#differences.compare(`${this.#field}.backend`, 'nothing', 'cancel');
  }

  async close(): Promise<void> {
    if (this.#expected?.[0]?.controlChannel !== undefined) this.#expected.shift();
  }
}

/** The state of another TPM has another length. */
function sameRequest({ request, requestMask, requestHeader, blob }: RecordedExchange, sent: Uint8Array, live: boolean): boolean {
  if (requestHeader !== undefined) {
    if (live) return toHex(sent).startsWith(SET_STATEBLOB);
    return toHex(sent.subarray(0, HEADER_OF_BLOB)) === requestHeader && sent.length === HEADER_OF_BLOB + (blob?.bytes ?? 0);
  }
  return request !== undefined && masked(request, requestMask) === masked(toHex(sent), requestMask);
}

/** What a mask leaves of hex digits. */
export function masked(text: string, mask: string | undefined): string {
  if (mask === undefined) return text;
  return Array.from(text, (digit, i) => (Number.parseInt(digit, 16) & Number.parseInt(mask[i] ?? 'f', 16)).toString(16)).join('');
}

const describe = (exchange: RecordedExchange): string =>
  Object.entries(exchange)
    .flatMap(([key, value]) => (typeof value === 'string' ? [`${key} ${value.slice(0, 60)}`] : []))
    .join(', ');
