import { toHex } from '../../../bytes/index.ts';
import type { Backend } from '../../../tpmrm/index.ts';
import type { Difference } from '../../played-case.ts';
import type { RecordedCase } from './case-recording.ts';
import { recordedBytes } from './hex-notation.ts';
import type { RepeatedTpm } from './repeated-tpm.ts';

interface Exchange {
  readonly step: number;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
}

/** A TPM that demands the recorded requests and gives the recorded responses. */
export class ScriptedTpm implements Backend {
  readonly name = 'recorded TPM';
  readonly differences: Difference[] = [];
  readonly #script: readonly Exchange[];
  #next = 0;
  /** Plays the TPM while a `repeat` runs, of which no traffic is recorded. */
  repeated: RepeatedTpm | null = null;

  constructor({ steps }: RecordedCase) {
    this.#script = steps.flatMap(({ tpm = [] }, step) =>
      tpm.map(([request, response]) => ({ step, request: recordedBytes(request), response: recordedBytes(response) })),
    );
  }

  async transmit(command: Uint8Array): Promise<Uint8Array> {
    if (this.repeated) return this.repeated.execute(command);
    const exchange = this.#script[this.#next++];
    const field = `steps[${exchange?.step ?? 'after the last'}].tpm request`;
    const expected = exchange ? toHex(exchange.request) : 'nothing more';
    if (expected !== toHex(command)) this.differences.push({ field, expected, actual: toHex(command) });
    // The recorded response all the same: one difference should not become fifty.
    return exchange ? exchange.response.slice() : recordedBytes('80010000000a00000101');
  }

  /** All that was recorded up to this step has been asked for, and nothing of a later one. */
  expectPlayed(step: number): void {
    const recorded = this.#script.filter(exchange => exchange.step <= step).length;
    if (recorded === this.#next) return;
    const field = `steps[${step}].tpm`;
    this.differences.push({ field, expected: `${recorded} exchanges with the TPM so far`, actual: `${this.#next}` });
    this.#next = recorded;
  }

  async close(): Promise<void> {}
}
