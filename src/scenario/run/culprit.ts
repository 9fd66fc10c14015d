import type { AnyEvent } from '../../sim/index.ts';
import type { Mismatch } from '../expect/expectation.ts';
import type { HonestRuns, HonestStep } from './honest-step.ts';
import type { StepOutcome } from './step-outcome.ts';
import type { Strike } from './strikes.ts';

/** A step that did not give what was expected, and what had been done to the machine by then. */
interface Failed {
  /** Counts from 0. */
  readonly step: number;
  readonly outcome: StepOutcome;
  readonly mismatches: readonly Mismatch[];
  readonly events: readonly AnyEvent[];
  readonly strikes: readonly Strike[];
  /** Absent: the step is within another, or no other run can be made. */
  readonly runs?: HonestRuns | undefined;
}

/** Which rule, fault or interruption made the result: without it the step comes out otherwise. */
export async function culpritOf(failed: Failed): Promise<{ readonly strike?: Strike; readonly honest?: HonestStep }> {
  const { step, outcome, events, strikes, runs } = failed;
  if (strikes.length === 0) return {};
  const own = new Set(events.map(({ seq }) => seq));
  const here = strikes.filter(({ event }) => own.has(event));
  const interruption = here.find(({ interrupts }) => interrupts);
  if (interruption && outcome.result.kind === 'never') return { strike: interruption };
  const honest = await runs?.(step, 'all');
  if (!runs || !honest) return likely(here, events);
  if (alike(honest, failed)) return { honest };
  const whos = [...new Set(strikes.map(({ who }) => who))];
  for (const who of whos.length > 1 ? whos : []) {
    const without = await runs(step, new Set([who]));
    const strike = strikes.find(one => one.who === who);
    if (strike && without && !alike(without, failed)) return { strike, honest };
  }
  return { ...likely(here.length > 0 ? here : strikes, events), honest };
}

/** The last deed before something said no. */
function likely(strikes: readonly Strike[], events: readonly AnyEvent[]): { readonly strike?: Strike } {
  const no = events.find(({ kind, data }) => kind === 'check' && 'ok' in data && !data.ok)?.seq ?? Number.POSITIVE_INFINITY;
  const strike = strikes.filter(({ event }) => event < no).at(-1) ?? strikes[0];
  return strike ? { strike } : {};
}

/** Whether two runs of a step came out the same, as far as anybody asked. */
function alike(one: Pick<HonestStep, 'outcome' | 'mismatches'>, other: Pick<HonestStep, 'outcome' | 'mismatches'>): boolean {
  const [a, b] = [one, other].map(({ outcome: { result, state }, mismatches }) =>
    [
      result.kind,
      result.kind === 'code' ? result.r3 : '',
      result.kind === 'never' ? result.how : '',
      state ?? '',
      ...mismatches.map(({ field, expected }) => `${field} ${expected}`),
    ].join('\n'),
  );
  return a === b;
}
