import type { Duplex } from 'node:stream';
import { concat, getU16, getU32 } from '../../bytes/index.ts';
import { TPM_HEADER_BYTES } from '../../spec/index.ts';
import { BackendError } from './backend.ts';

/** How long an answer is, from what arrived so far; null while that cannot be told. Throws BackendError for garbage. */
export type Framing = (received: Uint8Array) => number | null;

const LARGEST_RESPONSE = 4096;

/** A TPM response behind `prefix` bytes, as its size field says; `suffix` bytes follow it. */
export function tpmResponse(received: Uint8Array, prefix = 0, suffix = 0): number | null {
  if (received.length < prefix + TPM_HEADER_BYTES) return null;
  const tag = getU16(received, prefix);
  const size = getU32(received, prefix + 2);
  // TPM_ST_NO_SESSIONS, TPM_ST_SESSIONS, and TPM_ST_RSP_COMMAND with which a TPM answers what it takes for TPM 1.2.
  if (tag !== 0x8001 && tag !== 0x8002 && tag !== 0x00c4)
    throw new BackendError('garbage', `0x${tag.toString(16)} is no tag of a response`);
  if (size < TPM_HEADER_BYTES || size > LARGEST_RESPONSE) throw new BackendError('garbage', `a response of ${size} bytes`);
  return prefix + size + suffix;
}

/** An answer of a known number of bytes. */
export const exactly =
  (bytes: number): Framing =>
  () =>
    bytes;

interface Waiting {
  readonly framing: Framing;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: BackendError) => void;
}

/**
 * A byte stream on which requests and answers alternate. After any failure it is of no more use: an answer that comes late
 * would be taken for the next one's.
 */
export class Link {
  readonly #stream: Duplex & { ref?: () => unknown; unref?: () => unknown };
  readonly #name: string;
  #received: Uint8Array = new Uint8Array(0);
  #waiting: Waiting | null = null;
  #failure: BackendError | null = null;

  constructor(stream: Duplex, name: string) {
    this.#stream = stream;
    this.#name = name;
    this.#stream.unref?.(); // an idle link keeps no program alive
    stream.on('data', (chunk: Uint8Array) => this.#take(chunk));
    stream.on('error', cause => this.#fail(new BackendError('dead', `${name}: ${cause.message}`, cause)));
    stream.on('close', () => this.#fail(new BackendError('dead', `${name} closed the connection`)));
  }

  get usable(): boolean {
    return this.#failure === null;
  }

  /** @throws {BackendError} when no whole answer came within `timeoutMs` of real time. */
  request(bytes: Uint8Array, framing: Framing, timeoutMs: number): Promise<Uint8Array> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#waiting) return Promise.reject(new BackendError('garbage', `${this.#name}: a request while another is on its way`));
    this.#stream.ref?.();
    return new Promise<Uint8Array>((resolve, reject) => {
      const late = () => this.#fail(new BackendError('timeout', `${this.#name} did not answer within ${timeoutMs} ms`));
      const timer = setTimeout(late, timeoutMs);
      this.#waiting = {
        framing,
        resolve: answer => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: error => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#stream.write(bytes);
    }).finally(() => this.#stream.unref?.());
  }

  #take(chunk: Uint8Array): void {
    this.#received = this.#received.length === 0 ? new Uint8Array(chunk) : concat(this.#received, chunk);
    if (!this.#waiting) {
      this.#fail(new BackendError('garbage', `${this.#name} sent ${this.#received.length} bytes that nobody asked for`));
      return;
    }
    try {
      const length = this.#waiting.framing(this.#received);
      if (length === null || this.#received.length < length) return;
      const answer = this.#received.slice(0, length);
      const { resolve } = this.#waiting;
      this.#waiting = null;
      const excess = this.#received.length - length;
      this.#received = new Uint8Array(0);
      if (excess > 0) this.#fail(new BackendError('garbage', `${this.#name} sent ${excess} bytes more than its answer has`));
      resolve(answer);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      this.#fail(new BackendError(error.fault, `${this.#name}: ${error.message}`));
    }
  }

  #fail(failure: BackendError): void {
    this.#failure ??= failure;
    this.#waiting?.reject(failure);
    this.#waiting = null;
    this.#stream.destroy();
  }

  close(): void {
    this.#fail(new BackendError('dead', `${this.#name} was closed`));
  }
}
