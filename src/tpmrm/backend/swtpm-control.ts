import { concat } from '../../bytes/index.ts';
import { getU32, words } from '../wire.ts';
import { BackendError } from './backend.ts';
import { exactly, type Framing, type Link } from './link.ts';

const CMD = { init: 2, shutdown: 3, setLocality: 5, cancel: 9, storeVolatile: 10, getState: 12, setState: 13, stop: 14 } as const;

/** The three parts of an swtpm's state; a part that does not exist is empty. */
export const STATE_PARTS = { permanent: 1, volatile: 2, savestate: 3 } as const;
export type SwtpmState = Readonly<Record<keyof typeof STATE_PARTS, Uint8Array>>;

const NO_SUCH_STATE = 0x800; // the bit that QEMU takes for "there is none" (tpm.md 2.1)
const RESUME = 1; // INIT: take the volatile state that was set

/** swtpm's control channel (tpm.md 2.1): code u32, request; the answer begins with a result u32. */
export class SwtpmControl {
  readonly #link: () => Promise<Link>;
  readonly #timeoutMs: number;

  constructor(link: () => Promise<Link>, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  async #ask(code: number, body: Uint8Array, framing: Framing = exactly(4)): Promise<Uint8Array> {
    const link = await this.#link();
    return link.request(concat(words([code]), body), framing, this.#timeoutMs);
  }

  async #do(what: string, code: number, body: Uint8Array = NOTHING): Promise<void> {
    const result = getU32(await this.#ask(code, body), 0);
    if (result !== 0) throw new BackendError('garbage', `swtpm refuses ${what}: result 0x${result.toString(16)}`);
  }

  stop(): Promise<void> {
    return this.#do('STOP', CMD.stop);
  }

  /** (Re)starts the TPM, which then needs TPM2_Startup unless `resume` found volatile state. */
  init({ resume = false } = {}): Promise<void> {
    return this.#do('INIT', CMD.init, words([resume ? RESUME : 0]));
  }

  /** The process ends. */
  shutdown(): Promise<void> {
    return this.#do('SHUTDOWN', CMD.shutdown);
  }

  setLocality(locality: number): Promise<void> {
    return this.#do('SET_LOCALITY', CMD.setLocality, words([locality * 0x100_0000])); // the first of four bytes counts
  }

  cancel(): Promise<void> {
    return this.#do('CANCEL_TPM_CMD', CMD.cancel);
  }

  storeVolatile(): Promise<void> {
    return this.#do('STORE_VOLATILE', CMD.storeVolatile);
  }

  async getState(): Promise<SwtpmState> {
    const part = (type: number) => this.#getPart(type);
    return {
      permanent: await part(STATE_PARTS.permanent),
      volatile: await part(STATE_PARTS.volatile),
      savestate: await part(STATE_PARTS.savestate),
    };
  }

  async #getPart(type: number): Promise<Uint8Array> {
    // Result, flags, length of all, length of this piece, piece. Over a socket one piece is all.
    const framing: Framing = received => (received.length < 4 ? null : headOf(received));
    const headOf = (received: Uint8Array) => (received.length < 16 ? null : 16 + getU32(received, 12));
    const answer = await this.#ask(CMD.getState, words([1, type, 0]), framing);
    const result = getU32(answer, 0);
    if ((result & NO_SUCH_STATE) !== 0) return NOTHING;
    if (result !== 0) throw new BackendError('garbage', `swtpm refuses GET_STATEBLOB: result 0x${result.toString(16)}`);
    return answer.slice(16);
  }

  /** Puts a state in the place of the present one and goes on from there. */
  async setState(state: SwtpmState): Promise<void> {
    await this.stop();
    for (const [name, type] of Object.entries(STATE_PARTS)) {
      const blob = state[name as keyof SwtpmState];
      if (blob.length > 0) await this.#do('SET_STATEBLOB', CMD.setState, concat(words([0, type, blob.length]), blob));
    }
    await this.init({ resume: true });
  }
}

const NOTHING = new Uint8Array(0);
