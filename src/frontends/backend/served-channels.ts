import { answerOf } from '../../protocols/index.ts';
import { controlChannel, type ServedTpm } from '../../tpm-serve/index.ts';
import type { EmulatorChannels } from './emulator.ts';

const NOTHING = new Uint8Array(0);

/** Both channels of the TPM that is built in, as an swtpm's: it answers at once. */
export class ServedChannels implements EmulatorChannels {
  readonly #tpm: ServedTpm;
  readonly #control;
  #answers: Uint8Array[] = [];
  #arrived: (() => void) | null = null;
  #closed = false;

  /** The TPM is switched off, as an swtpm that waits for its first INIT. */
  constructor(tpm: ServedTpm) {
    this.#tpm = tpm;
    tpm.powerOff();
    this.#control = controlChannel(tpm, { onShutdown: () => {}, takesDescriptors: true });
  }

  ask(request: Uint8Array): Uint8Array {
    return answerOf(this.#control.take(request));
  }

  execute(command: Uint8Array): Uint8Array {
    return this.#tpm.execute(1, command);
  }

  async control(request: Uint8Array): Promise<Uint8Array | null> {
    return this.#closed ? null : this.ask(request);
  }

  /** A command of no bytes reaches nobody. */
  async send(bytes: Uint8Array): Promise<boolean> {
    if (this.#closed) return false;
    if (bytes.length > 0) this.#answers.push(this.execute(bytes));
    this.#arrived?.();
    return true;
  }

  async receive(most: number): Promise<Uint8Array | null> {
    while (this.#answers.length === 0) {
      if (this.#closed) return null;
      await new Promise<void>(resolve => {
        this.#arrived = resolve;
      });
    }
    const [first = NOTHING, ...rest] = this.#answers;
    this.#answers = first.length > most ? [first.subarray(most), ...rest] : rest;
    return first.subarray(0, most);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#arrived?.();
  }
}
