import type { Exploration } from '../../scenario/index.ts';
import { EXIT } from '../io.ts';

export interface SearchVerdict {
  readonly word: 'HELD' | 'VIOLATED' | 'FAILED' | 'NOTHING FOUND' | 'INTERRUPTED' | 'NOTHING RAN';
  /** How much of the search was made. */
  readonly text: string;
  readonly status: number;
}

/** What may be said of a search: that something holds, only when all of it was made. */
export function searchVerdict({ findings, faults, done, of }: Exploration, interrupted: boolean): SearchVerdict {
  const violations = findings.filter(({ verdict }) => verdict.is === 'violation').length;
  const among = `${done} of ${of}`;
  const found = violations > 0 ? `, ${violations} with a violation` : '';
  if (interrupted) return { word: 'INTERRUPTED', text: `, ${among} runs${found}`, status: EXIT.interrupted };
  if (done === 0) {
    return { word: 'NOTHING RAN', text: ` of ${of} runs: does --filter leave any?`, status: EXIT.usage };
  }
  // A run that the simulator could not make to its end says nothing of what it would have found.
  if (faults.length > 0) {
    return {
      word: 'FAILED',
      text: ` in ${among} runs: ${faults.length} ended with a fault of the simulator${found}`,
      status: EXIT.environment,
    };
  }
  if (violations > 0) return { word: 'VIOLATED', text: ` in ${among} runs: ${violations} with a violation`, status: EXIT.failed };
  if (done < of) return { word: 'NOTHING FOUND', text: ` in ${among} runs`, status: EXIT.held };
  return { word: 'HELD', text: `  ${done} runs, all that there are, and none with a violation`, status: EXIT.held };
}
