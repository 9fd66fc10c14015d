import { Clock, Random } from '../../../src/sim/index.ts';
import { Tpm, type TpmState } from '../../../src/tpm/index.ts';
import { SwtpmProcess } from '../../../src/tpmrm/index.ts';
import { message } from '../../../src/tpmrm/wire.ts';

/** What both TPMs have of a kind: the embedded one's, then swtpm's. */
export type Both<T> = readonly [T, T];
export const both = <T>(value: T): Both<T> => [value, value];
export const SIDES = [0, 1] as const;
export type Side = (typeof SIDES)[number];

type SwtpmState = Awaited<ReturnType<SwtpmProcess['control']['getState']>>;

/** Two TPMs, which are told the same; or one that stands for both. */
export interface Pair {
  send(commands: Both<Uint8Array>): Promise<Both<Uint8Array>>;
  locality(locality: number): Promise<void>;
  /** Power off and on, without a word before. */
  power(): Promise<void>;
}

/** The embedded TPM and a real swtpm. */
export class TpmPair implements Pair {
  readonly #swtpm: SwtpmProcess;
  readonly #clock = new Clock();
  readonly #tpm: Tpm;
  #locality = 0;
  #base: { readonly swtpm: SwtpmState; readonly tpm: TpmState } | null = null;
  #lastNs = process.hrtime.bigint();

  private constructor(swtpm: SwtpmProcess) {
    this.#swtpm = swtpm;
    this.#tpm = new Tpm({ random: new Random('the embedded one'), clock: this.#clock });
  }

  static async start(): Promise<TpmPair> {
    const pair = new TpmPair(await SwtpmProcess.start());
    await pair.send(both(message(0x144, new Uint8Array(2))));
    pair.#base = { swtpm: await pair.#swtpm.control.getState(), tpm: pair.#tpm.snapshot() };
    return pair;
  }

  /** Both as they were after their first Startup. */
  async reset(): Promise<void> {
    if (!this.#base) throw new RangeError('not started');
    await this.locality(0);
    await this.#swtpm.control.setState(this.#base.swtpm);
    this.#tpm.restore(this.#base.tpm);
  }

  async send(commands: Both<Uint8Array>): Promise<Both<Uint8Array>> {
    // Virtual time goes as real time does: what swtpm waits for, the embedded one waits for too.
    const now = process.hrtime.bigint();
    this.#clock.advanceNs(now - this.#lastNs);
    this.#lastNs = now;
    const embedded = this.#tpm.execute(commands[0], this.#locality);
    return [embedded, await this.#swtpm.transmit(commands[1])];
  }

  async locality(locality: number): Promise<void> {
    if (locality === this.#locality) return;
    this.#locality = locality;
    await this.#swtpm.control.setLocality(locality);
  }

  async power(): Promise<void> {
    await this.#swtpm.reset();
    this.#tpm.powerOn();
  }

  close(): Promise<void> {
    return this.#swtpm.close();
  }
}
