import { getU32, setU32 } from '../bytes/index.ts';
import type { Clock } from '../sim/index.ts';
import { codeOf, rcOf, sizeOf, TPM_HEADER_BYTES } from '../spec/index.ts';
import { TPM_CC, TPM_RC } from '../tpm/wire/index.ts';
import { type Backend, BackendError } from './backend/backend.ts';
import { Errno } from './errno.ts';
import type { LinuxBehaviour } from './linux-versions.ts';
import type { Recorder } from './recorder.ts';
import { message } from './wire.ts';

export const BUFFER_SIZE = 4096; // TPM_BUFSIZE, of one open file
/** Whose commands these are, in the record. */
const VIA = 'resource manager';
const FIRST_DELAY_MS = 20; // TPM2_DURATION_SHORT
const LAST_DELAY_MS = 2000; // TPM2_DURATION_LONG

/**
 * Answers that the manager reckons with when it saves or loads a space: a session whose command did not say continueSession is gone, and
 * this is how that is found out (Linux drivers/char/tpm/tpm2-space.c tpm2_save_context, tpm2_load_context). They refuse nobody anything.
 */
export const EXPECTED_OF_TPM = ['TPM2_ContextSave', 'TPM2_ContextLoad'].map(name => ({ via: VIA, name, rc: TPM_RC.REFERENCE_H0 }));

/** The kernel's way to the TPM (Linux drivers/char/tpm/tpm-interface.c). Whoever calls holds the chip's mutex. */
export class Driver {
  backend: Backend;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly #log: (line: string) => void;
  readonly #linux: LinuxBehaviour;

  constructor(backend: Backend, clock: Clock, recorder: Recorder, log: (line: string) => void, linux: LinuxBehaviour) {
    this.#linux = linux;
    this.backend = backend;
    this.#clock = clock;
    this.#recorder = recorder;
    this.#log = log;
  }

  /** A line in the kernel's log. */
  warn(line: string): void {
    this.#log(`tpm tpm0: ${line}`);
  }

  /**
   * Sends the command that stands at the start of `buffer`, again after a pause when the TPM asks for it.
   * @throws {Errno} ENODATA for a size field of 0, E2BIG for one above the buffer, EIO, ETIME, EPIPE, EFAULT of the way.
   */
  async transmit(buffer: Uint8Array): Promise<Uint8Array> {
    const size = sizeOf(buffer);
    if (size === 0) throw new Errno('ENODATA');
    if (size > buffer.length) throw new Errno('E2BIG');
    const command = buffer.slice(0, size);
    const code = codeOf(buffer);
    for (let delayMs = FIRST_DELAY_MS; ; delayMs *= 2) {
      const response = await this.#once(command);
      const rc = rcOf(response);
      // Linux tpm_transmit sends again on these two only; TPM_RC_YIELDED goes to the program as any other code.
      if (rc !== TPM_RC.RETRY && rc !== TPM_RC.TESTING) return response;
      if (rc === TPM_RC.TESTING && code === TPM_CC.SelfTest) return response;
      if (delayMs > LAST_DELAY_MS) {
        this.warn(rc === TPM_RC.RETRY ? 'in retry loop' : 'self test is still running');
        return response;
      }
      this.#clock.advanceMs(delayMs);
      await this.backend.pause?.(delayMs);
    }
  }

  async #once(command: Uint8Array): Promise<Uint8Array> {
    let response: Uint8Array;
    try {
      response = await this.backend.transmit(command);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      this.#recorder.note(`The TPM behind the resource manager failed (${error.fault}): ${error.message}`);
      const errno = new Errno(error.errno);
      this.warn(`tpm_try_transmit: send(): error -${errno.number}`);
      throw errno;
    }
    if (response.length > BUFFER_SIZE) throw new Errno('EIO');
    if (response.length < TPM_HEADER_BYTES || sizeOf(response) !== response.length) throw new Errno('EFAULT');
    return response;
  }

  /** A command of the kernel's own. */
  async own(code: number, body: Uint8Array | readonly number[]): Promise<Uint8Array> {
    const command = message(code, body);
    return this.#recorder.exchange(VIA, command, () => this.transmit(command));
  }

  /** TPM2_FlushContext. The kernel goes on whatever comes of it. */
  async flush(handle: number): Promise<void> {
    try {
      const rc = rcOf(await this.own(TPM_CC.FlushContext, [handle]));
      if (rc !== TPM_RC.SUCCESS) this.warn(`A TPM error (${rc}) occurred flushing context`);
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
    }
  }

  /** TPM2_ContextLoad of the context at `at`. `gone`: the TPM knows it no more. */
  async loadContext(contexts: Uint8Array, at: number): Promise<{ handle: number; size: number } | 'gone'> {
    const size = CONTEXT_HEADER + blobSizeAt(contexts, at);
    const context = new Uint8Array(size);
    context.set(contexts.subarray(at, at + size));
    const response = await this.#ownOrFault('tpm2_load_context', TPM_CC.ContextLoad, context);
    const rc = rcOf(response);
    const { rcValueMask, badIntegrity } = this.#linux;
    const value = (rc & FORMAT_ONE) !== 0 ? rc & rcValueMask : rc;
    if (value === TPM_RC.HANDLE || rc === TPM_RC.REFERENCE_H0) return 'gone';
    if (value === TPM_RC.INTEGRITY && badIntegrity === 'EINVAL') throw new Errno('EINVAL');
    if (rc !== TPM_RC.SUCCESS) {
      this.warn(`tpm2_load_context: failed with a TPM error 0x${rc.toString(16).toUpperCase().padStart(4, '0')}`);
      throw new Errno('EFAULT');
    }
    if (response.length < TPM_HEADER_BYTES + 4) throw new Errno('EFAULT');
    return { handle: getU32(response, TPM_HEADER_BYTES), size };
  }

  /** TPM2_ContextSave: the TPMS_CONTEXT. `gone`: the handle ended with the last command. */
  async saveContext(handle: number): Promise<Uint8Array | 'gone'> {
    const response = await this.#ownOrFault('tpm2_save_context', TPM_CC.ContextSave, [handle]);
    const rc = rcOf(response);
    if (rc === TPM_RC.REFERENCE_H0) return 'gone';
    if (rc !== TPM_RC.SUCCESS) {
      this.warn(`tpm2_save_context: failed with a TPM error 0x${rc.toString(16).toUpperCase().padStart(4, '0')}`);
      throw new Errno('EFAULT');
    }
    return response.slice(TPM_HEADER_BYTES);
  }

  async #ownOrFault(who: string, code: number, body: Uint8Array | readonly number[]): Promise<Uint8Array> {
    try {
      return await this.own(code, body);
    } catch (error) {
      if (!(error instanceof Errno)) throw error;
      this.warn(`${who}: failed with a system error -${error.number}`);
      throw new Errno('EFAULT');
    }
  }
}

const CONTEXT_HEADER = 18; // sequence u64, savedHandle u32, hierarchy u32, size of the blob u16 (Part 2 §14.5)
const blobSizeAt = (contexts: Uint8Array, at: number): number => ((contexts[at + 16] ?? 0) << 8) | (contexts[at + 17] ?? 0);

// Linux 6.1 tpm2_rc_value keeps bit 6: a TPM_RC_HANDLE of a parameter, as libtpms gives for a session that was flushed
// (0x1CB), is not recognised. So a lost session makes every later write fail (`session_foreign_flush`).
const FORMAT_ONE = 0x80;

/** The response that the kernel makes for a command which the TPM does not have (Linux tpm_dev_transmit). */
export function unknownCommandResponse(): Uint8Array {
  const response = message(0);
  setU32(response, 6, RESMGR_LAYER | TPM_RC.COMMAND_CODE);
  return response;
}
const RESMGR_LAYER = 0x000b_0000; // TSS2_RESMGR_TPM_RC_LAYER
