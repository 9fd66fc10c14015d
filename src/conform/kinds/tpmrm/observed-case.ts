import { toHex } from '../../../bytes/index.ts';
import type { Expectation, RecordedCase, RecordedStep, Recording } from './case-recording.ts';

/** What one step gave, in the recording's terms. */
export interface Outcome {
  readonly return?: number;
  readonly errno?: string;
  readonly bytes?: Uint8Array;
  readonly revents?: readonly string[];
  readonly failed?: string;
}

/** A case as it was observed this time: the same steps, with what came of them. */
export function observedCase(recorded: RecordedCase, outcomes: ReadonlyMap<number, Outcome>): RecordedCase {
  const steps = recorded.steps.map((step, i): RecordedStep => {
    // What the TPM saw and what the kernel logged is not visible from here.
    const { tpm: _tpm, kernelLog: _log, expect: _expect, ...asked } = step;
    const outcome = outcomes.get(i);
    return outcome ? { ...asked, expect: expectationOf(outcome, step.expect) } : asked;
  });
  return { ...recorded, runs: 1, steps };
}

function expectationOf({ bytes, ...outcome }: Outcome, before: Expectation | undefined): Expectation {
  return {
    ...outcome,
    ...(bytes && bytes.length > 0 ? { response: toHex(bytes) } : {}),
    // What differed from run to run then will do so again.
    ...(before?.varies ? { varies: before.varies } : {}),
  };
}

/** A recording file of these cases. */
export const observedRecording = (of: Recording, against: string, cases: readonly RecordedCase[]): string =>
  `${JSON.stringify({ format: of.format, kernel: `played on ${against}`, cases }, null, 1)}\n`;
