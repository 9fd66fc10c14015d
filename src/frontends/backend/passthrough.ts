import { hasTpmHeader, rcOf, sizeOf } from '../../spec/index.ts';
import { FATAL, type FrontendBackend, isSelfTest, type Refused, type Say, type TpmAnswer, type TpmCommand } from './backend.ts';
import { probeBufferSize, probeVersion } from './probe.ts';

/** The host's TPM device, as QEMU has it open. */
export interface PassthroughDevice {
  readonly path: string;
  /** False: it takes nothing. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** What one read gives; null: it failed. */
  read(most: number): Promise<Uint8Array | null>;
  /** Told once for each cancel while QEMU thinks that the TPM works. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

const LARGEST = 4096;

/** QEMU's `-tpmdev passthrough`: a device file of the host (backends/tpm/tpm_passthrough.c). */
export class PassthroughBackend implements FrontendBackend {
  readonly type = 'passthrough';
  readonly version: '1.2' | '2.0';
  readonly #device: PassthroughDevice;
  readonly #say: Say;
  /** As it was told last. */
  #size = 0;
  #writing = false;
  /** Keys and PCRs are the host's: only registers travel. */
  readonly state = null;

  private constructor(device: PassthroughDevice, version: '1.2' | '2.0', say: Say) {
    this.#device = device;
    this.version = version;
    this.#say = say;
  }

  static async open(device: PassthroughDevice, say: Say): Promise<PassthroughBackend | Refused> {
    const version = await probeVersion(transactOn(device));
    return version ? new PassthroughBackend(device, version, say) : { refused: [`'${device.path}' is not a TPM device.`] };
  }

  async bufferSize(): Promise<number> {
    this.#size = await probeBufferSize(transactOn(this.#device), this.version, this.#say);
    return this.#size;
  }

  async start(bufferBytes: number): Promise<Refused | null> {
    if (bufferBytes >= this.#size) return null;
    return { refused: [`Requested buffer size of ${bufferBytes} is smaller than host TPM's fixed buffer size of ${this.#size}`] };
  }

  async execute({ bytes }: TpmCommand): Promise<TpmAnswer> {
    const failed: TpmAnswer = { response: FATAL, failed: true, selfTestDone: false };
    this.#writing = true;
    const written = await this.#device.write(bytes);
    this.#writing = false;
    if (!written) {
      this.#say('tpm_passthrough: error while transmitting data to TPM: Input/output error');
      return failed;
    }
    const response = await this.#device.read(LARGEST);
    if (!response) {
      this.#say('tpm_passthrough: error while reading data from TPM: Input/output error');
      return failed;
    }
    if (!hasTpmHeader(response) || sizeOf(response) !== response.length) {
      this.#say('tpm_passthrough: received invalid response packet from TPM');
      return failed;
    }
    return { response, failed: false, selfTestDone: isSelfTest(bytes) && rcOf(response) === 0 };
  }

  /** Only while the write has not returned: a kernel's /dev/tpm0 works within the write (QEMU, tpm_passthrough_cancel_cmd). */
  async cancel(): Promise<void> {
    if (this.#writing) await this.#device.cancel();
  }

  async established(): Promise<boolean> {
    return false;
  }

  async resetEstablished(): Promise<void> {}

  close(): Promise<void> {
    return this.#device.close();
  }
}

const transactOn = (device: PassthroughDevice) => async (command: Uint8Array) =>
  (await device.write(command)) ? device.read(LARGEST) : null;
