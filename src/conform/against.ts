import { Clock, Random, SimulatorError } from '../sim/index.ts';
import { Tpm } from '../tpm/index.ts';
import {
  type Backend,
  type BackendSpec,
  embeddedBackend,
  type OpenBackendOptions,
  openBackend,
  parseBackendSpec,
  SwtpmProcess,
  TpmChip,
} from '../tpmrm/index.ts';
import { playTranscriptOn } from './kinds/tpm-transcript/play-transcript.ts';
import { isTranscriptLine } from './kinds/tpm-transcript/transcript-lines.ts';
import { kernelDevices, notOnKernel } from './kinds/tpmrm/case-devices.ts';
import { isTpmrmRecording, type RecordedCase } from './kinds/tpmrm/case-recording.ts';
import { observedRecording } from './kinds/tpmrm/observed-case.ts';
import { playOn } from './kinds/tpmrm/play-case.ts';
import type { PlayedCase } from './played-case.ts';
import type { RecordingFile } from './recording-file.ts';
import type { Wanted } from './recording-kind.ts';

const STARTUP_CLEAR = Uint8Array.of(0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0);

/** A TPM, or the TPM devices of a kernel, on which the live cases are played in place of the simulator. */
export class Against {
  readonly name: string;
  readonly #spec: BackendSpec;
  readonly #options: OpenBackendOptions;
  #attached: Backend | null = null;
  #own: Backend[] = [];

  /** @param name as `--tpm` names it. @throws {SimulatorError} when it names no TPM, or one of this machine without leave. */
  constructor(name: string, options: OpenBackendOptions = {}) {
    this.name = name;
    this.#spec = parseBackendSpec(name, '--against');
    this.#options = options;
    if (this.#spec.kind !== 'device' || options.allowHardware) return;
    throw new SimulatorError('conform.hardware', {
      where: '--against',
      what: `${this.#spec.path} is a TPM of this machine: the cases make keys in it, extend PCRs and start sessions`,
      hint: 'Add --allow-hardware if you mean it, or use --against swtpm.',
    });
  }

  /** Plays what of a recording can be played on a real TPM; null: nothing can. Observed cases are added to `observed`. */
  play(source: RecordingFile, wanted: Wanted, observed: RecordedCase[]): AsyncIterable<PlayedCase> | null {
    if (isTpmrmRecording(source.json)) return this.#cases(source.json.cases, wanted, observed);
    return isTranscriptLine(source.json) ? this.#transcript(source, wanted) : null;
  }

  /** What was observed of a recording's cases, as a recording file. */
  recording({ json }: RecordingFile, observed: readonly RecordedCase[]): string | null {
    return isTpmrmRecording(json) ? observedRecording(json, this.name, observed) : null;
  }

  async *#cases(cases: readonly RecordedCase[], wanted: Wanted, observed: RecordedCase[]): AsyncGenerator<PlayedCase> {
    const { kind } = this.#spec;
    for (const recorded of cases) {
      if (!wanted(recorded.name)) continue;
      const skipped = kind === 'device' ? notOnKernel(recorded) : undefined;
      if (skipped !== undefined) {
        yield { name: recorded.name, about: recorded.about, differences: [], skipped };
        continue;
      }
      const devices =
        this.#spec.kind === 'device'
          ? kernelDevices(this.#spec.path)
          : new TpmChip({ backend: await this.#fresh(true), clock: new Clock() });
      const { played, observed: seen } = await playOn(recorded, devices);
      observed.push(seen);
      await this.#done();
      yield played;
    }
  }

  async *#transcript(source: RecordingFile, wanted: Wanted): AsyncGenerator<PlayedCase> {
    try {
      yield* playTranscriptOn(source, wanted, started => this.#fresh(started));
    } finally {
      await this.#done();
    }
  }

  /** A TPM as near to a new one as can be had: a new swtpm, or the one that is attached switched off and on. */
  async #fresh(started: boolean): Promise<Backend> {
    switch (this.#spec.kind) {
      case 'embedded': {
        const tpm = new Tpm({ random: new Random('conform'), clock: new Clock() });
        if (started) tpm.execute(STARTUP_CLEAR);
        return embeddedBackend(tpm);
      }
      case 'swtpm': {
        const swtpm = await SwtpmProcess.start(started ? { startup: 'clear' } : {});
        this.#own.push(swtpm);
        return swtpm;
      }
      default: {
        this.#attached ??= await openBackend(this.#spec, this.#options);
        await this.#attached.reset?.();
        if (started && this.#attached.reset) await this.#attached.transmit(STARTUP_CLEAR);
        return this.#attached;
      }
    }
  }

  async #done(): Promise<void> {
    for (const backend of this.#own.splice(0)) await backend.close();
  }

  async close(): Promise<void> {
    await this.#done();
    await this.#attached?.close();
  }
}
