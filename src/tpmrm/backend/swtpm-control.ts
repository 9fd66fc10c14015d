import { concat, getU32 } from '../../bytes/index.ts';
import {
  type ControlName,
  type ControlRequest,
  controlRequest,
  INIT_DELETE_VOLATILE,
  RESULT,
  STATE_DECRYPTED,
  STATE_PARTS,
} from '../../protocols/index.ts';
import { BackendError } from './backend.ts';
import { exactly, type Framing, type Link } from './link.ts';

/** The three parts of an swtpm's state; a part that does not exist is empty. */
export type SwtpmState = Readonly<Record<keyof typeof STATE_PARTS, Uint8Array>>;

/** As QEMU sends the locality: the first of four bytes counts. */
const LOCALITY_PADDING = new Uint8Array(3);

/** swtpm's control channel (docs/reference/tpm.md#control-channel-of-swtpm): code u32, request; the answer begins with a result u32. */
export class SwtpmControl {
  readonly #link: () => Promise<Link>;
  readonly #timeoutMs: number;

  constructor(link: () => Promise<Link>, timeoutMs: number) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
  }

  async #ask(request: Uint8Array, framing: Framing = exactly(4)): Promise<Uint8Array> {
    const link = await this.#link();
    return link.request(request, framing, this.#timeoutMs);
  }

  async #do<N extends ControlName>(name: N, request: ControlRequest<N>, padding: Uint8Array = NOTHING): Promise<void> {
    const result = getU32(await this.#ask(concat(controlRequest(name, request), padding)), 0);
    if (result !== 0) throw new BackendError('garbage', `swtpm refuses ${name}: result 0x${result.toString(16)}`);
  }

  stop(): Promise<void> {
    return this.#do('STOP', {});
  }

  /** (Re)starts the TPM, which then needs TPM2_Startup unless `resume` found volatile state. */
  init({ resume = false } = {}): Promise<void> {
    return this.#do('INIT', { init_flags: resume ? INIT_DELETE_VOLATILE : 0 });
  }

  /** The process ends. */
  shutdown(): Promise<void> {
    return this.#do('SHUTDOWN', {});
  }

  setLocality(locality: number): Promise<void> {
    return this.#do('SET_LOCALITY', { loc: locality }, LOCALITY_PADDING);
  }

  cancel(): Promise<void> {
    return this.#do('CANCEL_TPM_CMD', {});
  }

  storeVolatile(): Promise<void> {
    return this.#do('STORE_VOLATILE', {});
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
    const answer = await this.#ask(controlRequest('GET_STATEBLOB', { state_flags: STATE_DECRYPTED, type, offset: 0 }), framing);
    const result = getU32(answer, 0);
    if ((result & RESULT.NO_STATE) !== 0) return NOTHING;
    if (result !== 0) throw new BackendError('garbage', `swtpm refuses GET_STATEBLOB: result 0x${result.toString(16)}`);
    return answer.slice(16);
  }

  /** Puts a state in the place of the present one and goes on from there. */
  async setState(state: SwtpmState): Promise<void> {
    await this.stop();
    for (const [name, type] of Object.entries(STATE_PARTS)) {
      const blob = state[name as keyof SwtpmState];
      if (blob.length > 0) await this.#do('SET_STATEBLOB', { state_flags: 0, type, data: blob });
    }
    await this.init({ resume: true });
  }
}

const NOTHING = new Uint8Array(0);
