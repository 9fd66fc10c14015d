import { concat, getU32 } from '../../bytes/index.ts';
import {
  CONTROL,
  type ControlName,
  type ControlRequest,
  controlRequest,
  INIT_DELETE_VOLATILE,
  STATE_DECRYPTED,
  STATE_PARTS,
} from '../../protocols/index.ts';
import { hasTpmHeader, rcOf, sizeOf, TPM_HEADER_BYTES } from '../../spec/index.ts';
import {
  FATAL,
  type FrontendBackend,
  isSelfTest,
  type Refused,
  type Say,
  type StateAccess,
  type TpmAnswer,
  type TpmBlobs,
  type TpmCommand,
} from './backend.ts';
import { probeVersion } from './probe.ts';

/** The two channels of an swtpm, as QEMU holds their ends. */
export interface EmulatorChannels {
  /** One request of the control channel and its answer; null: the channel is closed. */
  control(request: Uint8Array): Promise<Uint8Array | null>;
  /** Bytes to the data channel; false: it is closed. */
  send(bytes: Uint8Array): Promise<boolean>;
  /** The next bytes of the data channel, at most so many; null: it is closed. */
  receive(most: number): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** What differs between the versions of QEMU that were observed (QEMU backends/tpm/tpm_emulator.c). */
export interface EmulatorOptions {
  /** Commands shorter than a header are refused, since QEMU 11.1. */
  readonly refusesShort: boolean;
  /** Its name on the command line. */
  readonly chardev?: string;
}

const RESULT_BYTES = 4;
const LARGEST = 4096;
const NO_LOCALITY = 0xff;
const BROKEN_PIPE = 'Unable to write to socket: Broken pipe';
const CUT_SHORT = 'Unexpected end-of-file before all data were read';
/** What QEMU has words for (tpm_emulator_strerror). */
const WORDS: Readonly<Record<number, string>> = {
  3: 'a parameter is bad',
  9: 'operation failed',
  13: 'key could not be found',
  25: 'bad parameter size',
  32: 'encryption error',
  33: 'decryption error',
  40: 'bad key property',
  44: 'bad (encryption) mode',
  46: 'bad version identifier',
  61: 'bad locality',
};
const wordsFor = (result: number): string => WORDS[result] ?? '';

/** What a TPM must be able to do; locality and the established bit besides. */
const NEEDED = {
  '1.2': ['INIT', 'SHUTDOWN', 'GET_TPMESTABLISHED', 'SET_LOCALITY', 'SET_DATAFD', 'STOP', 'SET_BUFFERSIZE'],
  '2.0': ['INIT', 'SHUTDOWN', 'GET_TPMESTABLISHED', 'SET_LOCALITY', 'RESET_TPMESTABLISHED', 'SET_DATAFD', 'STOP', 'SET_BUFFERSIZE'],
} as const satisfies Record<string, readonly ControlName[]>;
const NEEDED_TO_MOVE: readonly ControlName[] = ['GET_STATEBLOB', 'SET_STATEBLOB'];

const needs = (names: readonly ControlName[]): number => names.reduce((all, name) => all | CONTROL[name].capability, 0);

/** QEMU's `-tpmdev emulator`: swtpm's protocol on two channels (backends/tpm/tpm_emulator.c). */
export class EmulatorBackend implements FrontendBackend {
  readonly type = 'emulator';
  readonly #channels: EmulatorChannels;
  readonly #say: Say;
  readonly #refusesShort: boolean;
  readonly #chardev: string;
  #version: '1.2' | '2.0' = '2.0';
  #capabilities = 0;
  /** The TPM's, as far as QEMU knows; kept over reset. */
  #locality = NO_LOCALITY;
  #established: boolean | null = null;
  readonly state: StateAccess = { save: () => this.#save(), load: blobs => this.#load(blobs) };

  private constructor(channels: EmulatorChannels, say: Say, options: EmulatorOptions) {
    this.#channels = channels;
    this.#say = say;
    this.#refusesShort = options.refusesShort;
    this.#chardev = options.chardev ?? 'chrtpm';
  }

  /** Takes an emulator as QEMU does when it starts. */
  static async open(
    channels: EmulatorChannels,
    say: Say,
    options: EmulatorOptions = { refusesShort: false },
  ): Promise<EmulatorBackend | Refused> {
    const backend = new EmulatorBackend(channels, say, options);
    const refused = await backend.#begin();
    if (refused) return refused;
    return backend;
  }

  get version(): '1.2' | '2.0' {
    return this.#version;
  }

  async #begin(): Promise<Refused | null> {
    const taken = await this.#control('SET_DATAFD', {});
    if (taken?.result !== 0) return { refused: ['tpm-emulator: Failed to send CMD_SET_DATAFD: Success'] };
    const version = await probeVersion(command => this.#exchange(command));
    if (!version) return { refused: [`'${this.#chardev}' is not emulating TPM device. Error: Success`] };
    this.#version = version;
    const capability = await this.#control('GET_CAPABILITY', {});
    if (capability?.result !== 0) return { refused: ['tpm-emulator: probing failed : Success'] };
    this.#capabilities = getU32(capability.answer, RESULT_BYTES);
    const wanted = needs(NEEDED[version]);
    if ((this.#capabilities & wanted) !== wanted)
      return {
        refused: [
          `tpm-emulator: TPM does not implement minimum set of required capabilities for TPM ${version === '2.0' ? '2' : version} (0x${wanted.toString(16)})`,
        ],
      };
    return null;
  }

  /** Why the machine may not be moved; null: it may. */
  get migrationBlocker(): string | null {
    const wanted = needs(NEEDED_TO_MOVE);
    return (this.#capabilities & wanted) === wanted ? null : 'Migration disabled: TPM emulator does not support migration';
  }

  async #control<N extends ControlName>(
    name: N,
    request: ControlRequest<N>,
  ): Promise<{ readonly result: number; readonly answer: Uint8Array } | null> {
    return this.#raw(controlRequest(name, request));
  }

  async #raw(request: Uint8Array): Promise<{ readonly result: number; readonly answer: Uint8Array } | null> {
    const answer = await this.#channels.control(request);
    return answer && answer.length >= RESULT_BYTES ? { result: getU32(answer, 0), answer } : null;
  }

  /** A header, then the rest that it announces: as long as that does not come, the TPM works. */
  async #exchange(command: Uint8Array): Promise<Uint8Array | null> {
    if (!(await this.#channels.send(command))) {
      this.#say(BROKEN_PIPE);
      return null;
    }
    const header = await this.#receive(TPM_HEADER_BYTES);
    // What the TPM sends beyond the largest buffer would overwrite QEMU's memory; here it is left in the channel.
    const rest = header && (await this.#receive(Math.min(sizeOf(header), LARGEST) - TPM_HEADER_BYTES));
    if (!header || !rest) {
      this.#say(CUT_SHORT);
      return null;
    }
    return concat(header, rest);
  }

  async #receive(count: number): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = [];
    // A header that says less than its own length: QEMU waits for close to 4 GiB.
    for (let left = count < 0 ? Number.POSITIVE_INFINITY : count; left > 0; ) {
      const part = await this.#channels.receive(Math.min(left, LARGEST));
      if (!part) return null;
      if (count >= 0) parts.push(part);
      left -= part.length;
    }
    return concat(...parts);
  }

  async #stop(): Promise<Refused | null> {
    const stopped = await this.#control('STOP', {});
    if (!stopped) return { refused: ['tpm-emulator: Could not stop TPM: Success'] };
    if (stopped.result !== 0)
      return { refused: [`tpm-emulator: TPM result for CMD_STOP: 0x${stopped.result.toString(16)} ${wordsFor(stopped.result)}`] };
    return null;
  }

  async #setBufferSize(buffersize: number): Promise<number | Refused> {
    const refused = await this.#stop();
    if (refused) return refused;
    const set = await this.#control('SET_BUFFERSIZE', { buffersize });
    if (!set) return { refused: ['tpm-emulator: Could not set buffer size: Success'] };
    if (set.result !== 0)
      return { refused: [`tpm-emulator: TPM result for set buffer size : 0x${set.result.toString(16)} ${wordsFor(set.result)}`] };
    return getU32(set.answer, RESULT_BYTES);
  }

  async bufferSize(): Promise<number> {
    const size = await this.#setBufferSize(0);
    if (typeof size === 'number') return size;
    for (const line of size.refused) this.#say(line);
    return LARGEST;
  }

  async start(bufferBytes: number, how: 'cold' | 'incoming' | 'resume'): Promise<Refused | null> {
    if (how !== 'resume') {
      const size = await this.#setBufferSize(bufferBytes);
      if (typeof size !== 'number') return size;
    }
    // A machine that waits for a state leaves its TPM switched off.
    return how === 'incoming' ? null : this.#init(how === 'resume' ? INIT_DELETE_VOLATILE : 0);
  }

  async #init(init_flags: number): Promise<Refused | null> {
    const answer = await this.#control('INIT', { init_flags });
    if (!answer) return { refused: ['tpm-emulator: could not send INIT: Success'] };
    if (answer.result === 0) return null;
    return { refused: [`tpm-emulator: TPM result for CMD_INIT: 0x${answer.result.toString(16)} ${wordsFor(answer.result)}`] };
  }

  async execute({ locality, bytes }: TpmCommand): Promise<TpmAnswer> {
    const failed: TpmAnswer = { response: FATAL, failed: true, selfTestDone: false };
    if (!(await this.#setLocality(locality))) return failed;
    if (this.#refusesShort && !hasTpmHeader(bytes)) {
      this.#say('tpm-emulator: invalid request size');
      return failed;
    }
    const response = await this.#exchange(bytes);
    return response ? { response, failed: false, selfTestDone: isSelfTest(bytes) && rcOf(response) === 0 } : failed;
  }

  async #setLocality(loc: number): Promise<boolean> {
    if (this.#locality === loc) return true;
    const set = await this.#raw(padded(controlRequest('SET_LOCALITY', { loc })));
    if (set?.result === 0) {
      this.#locality = loc;
      return true;
    }
    this.#say(
      set ? `tpm-emulator: TPM result for set locality : 0x${set.result.toString(16)}` : 'tpm-emulator: could not set locality : Success',
    );
    return false;
  }

  async cancel(): Promise<void> {
    if ((this.#capabilities & CONTROL.CANCEL_TPM_CMD.capability) === 0) return;
    const cancelled = await this.#control('CANCEL_TPM_CMD', {});
    if (!cancelled) this.#say('tpm-emulator: Could not cancel command: Success');
    else if (cancelled.result !== 0) this.#say(`tpm-emulator: Failed to cancel TPM: 0x${cancelled.result.toString(16)}`);
  }

  async established(): Promise<boolean> {
    if (this.#established !== null) return this.#established;
    const asked = await this.#control('GET_TPMESTABLISHED', {});
    if (!asked) {
      this.#say('tpm-emulator: Could not get the TPM established flag: Success');
      return false;
    }
    this.#established = asked.answer[RESULT_BYTES] === 1;
    return this.#established;
  }

  /** The locality is that of the last command (0xff before the first one). */
  async resetEstablished(): Promise<void> {
    const reset = await this.#raw(padded(controlRequest('RESET_TPMESTABLISHED', { loc: this.#locality })));
    if (!reset) this.#say('tpm-emulator: Could not reset the establishment bit: Success');
    else if (reset.result !== 0) {
      this.#say(`tpm-emulator: TPM result for rest established flag: 0x${reset.result.toString(16)} ${wordsFor(reset.result)}`);
    } else this.#established = null;
  }

  async #save(): Promise<TpmBlobs | Refused> {
    const blobs: Record<string, Uint8Array> = {};
    for (const [part, type] of Object.entries(STATE_PARTS)) {
      const got = await this.#control('GET_STATEBLOB', { state_flags: STATE_DECRYPTED, type, offset: 0 });
      if (!got) return { refused: [`tpm-emulator: could not get state blob type ${type} : Success`] };
      if (got.result !== 0 && (got.result & 0x800) === 0) {
        return {
          refused: [
            `tpm-emulator: getting the stateblob (type ${type}) failed with a TPM error 0x${got.result.toString(16)} ${wordsFor(got.result)}`,
          ],
        };
      }
      blobs[part] = got.answer.slice(16);
    }
    return blobs as unknown as TpmBlobs;
  }

  async #load(blobs: TpmBlobs): Promise<Refused | null> {
    const refused = await this.#stop();
    if (refused) return refused;
    for (const [part, type] of Object.entries(STATE_PARTS)) {
      const data = blobs[part as keyof TpmBlobs];
      if (data.length === 0) continue;
      const set = await this.#control('SET_STATEBLOB', { state_flags: 0, type, data });
      if (!set) return { refused: [`tpm-emulator: setting the stateblob (type ${type}) failed: Success`] };
      if (set.result !== 0) {
        return {
          refused: [
            `tpm-emulator: setting the stateblob (type ${type}) failed with a TPM error 0x${set.result.toString(16)} ${wordsFor(set.result)}`,
          ],
        };
      }
    }
    return this.start(0, 'resume');
  }

  async close(shutdown: boolean): Promise<void> {
    if (shutdown) await this.#control('SHUTDOWN', {});
    await this.#channels.close();
  }
}

/** The locality stands before three bytes of padding. QEMU sends what lay on its stack; here they are zeros. */
const padded = (request: Uint8Array): Uint8Array => concat(request, new Uint8Array(3));
