import { hcalls } from '../../hcall/index.ts';
import { type Actor, type AnyEvent, ofKind, type SimEvent } from '../../sim/index.ts';
import { H_MEANING, type HName } from '../../spec/index.ts';
import { explainRc } from '../../tpm/wire/index.ts';
import { ultracalls, whenGiven } from '../../ultravisor/index.ts';
import { meaningOf } from '../expect/code-names.ts';
import type { Mismatch } from '../expect/expectation.ts';
import { showResult } from '../expect/result.ts';
import type { StepOutcome } from './step-outcome.ts';

export const LAYERS = ['caller', 'ultracall', 'hypercall', 'TPM', 'check', 'log'] as const;

/** What one layer had to say, and the event that says so. */
export interface Layer {
  readonly layer: (typeof LAYERS)[number];
  readonly text: string;
  readonly event?: number;
}

/** Why a step came out as it did: one plain sentence, and each layer from the caller down to the check that refused. */
export interface Explanation {
  readonly sentence: string;
  readonly layers: readonly Layer[];
}

/** Explains a step from its outcome and the events that were recorded meanwhile. */
export function explain(text: string, outcome: StepOutcome, mismatches: readonly Mismatch[], events: readonly AnyEvent[]): Explanation {
  const refused = ofKind(events, 'check').filter(({ data }) => !data.ok);
  const responses = ofKind(events, 'tpm.response').filter(({ data }) => data.rc !== 0);
  const layers: Layer[] = [];
  const add = (layer: Layer['layer'], said: string, event?: number): number =>
    layers.push({ layer, text: said, ...(event === undefined ? {} : { event }) });
  add('caller', `sees ${showResult(outcome.result)}`);
  for (const { data, seq } of failedCalls(ofKind(events, 'ultracall.return'))) {
    add('ultracall', showReturn(data, whenGiven(ultracalls.get(data.number), data.r3Name ?? '')), seq);
  }
  for (const { data, seq } of failedCalls(ofKind(events, 'hcall.return'))) {
    add('hypercall', showReturn(data, hcalls.get(data.number)?.returns[data.r3Name as HName]), seq);
  }
  for (const { data, seq } of responses) {
    const { text: code, meaning } = explainRc(data.rc);
    add('TPM', `${data.name} → ${code}: ${meaning}`, seq);
  }
  for (const { data, seq } of refused) add('check', `${data.name}: ${data.detail} (${data.source})`, seq);
  for (const { data, seq, actor } of ofKind(events, 'note')) if (actor === 'ultravisor') add('log', data.text, seq);
  return { sentence: sentence(text, outcome, mismatches, refused, responses), layers };
}

function sentence(
  text: string,
  { result }: StepOutcome,
  mismatches: readonly Mismatch[],
  refused: readonly SimEvent<'check'>[],
  responses: readonly SimEvent<'tpm.response'>[],
): string {
  const [check] = refused.slice(-1);
  const [response] = responses.slice(-1);
  const begun = `When ${text},`;
  if (result.kind === 'never') return `${begun} the call never comes back: ${result.how}.`;
  if (result.kind === 'refused') return `${begun} it is refused: ${stripDot(result.why)}.`;
  if (check) return `${begun} ${nameOf(check.actor)} refuses: ${stripDot(check.data.detail)} (check "${check.data.name}").`;
  if (response && result.kind !== 'ok' && result.kind !== 'secure') {
    const { text: code, meaning } = explainRc(response.data.rc);
    return `${begun} the TPM refuses ${response.data.name} with ${code}: ${meaning}.`;
  }
  if (result.kind === 'code' && result.r3 !== 0n) return `${begun} the answer is ${showResult(result)}.`;
  const [first] = mismatches;
  if (!first) return `${begun} it comes out as it should.`;
  return `${begun} it succeeds (${showResult(result)}), but ${first.field} is ${first.actual} where ${first.expected} is expected.`;
}

/** Actors as a sentence names them. */
const nameOf = (actor: Actor): string =>
  actor === 'tpm' ? 'the TPM' : actor === 'svm' ? 'the SVM' : actor === 'ultravisor' ? 'the Ultravisor' : `the ${actor}`;

const stripDot = (text: string): string => text.replace(/\.$/, '');

type Return = SimEvent<'hcall.return'> | SimEvent<'ultracall.return'>;

/** Calls that said no or did not come back; equal ones in a row (a loop that asks again) once. */
function failedCalls<R extends Return>(returns: readonly R[]): readonly R[] {
  const failed = returns.filter(
    ({ data }) =>
      data.outcome !== 'goes on elsewhere' &&
      (data.r3Name ? !data.r3Name.endsWith('_SUCCESS') : data.r3 === undefined && data.outcome !== 'r3 unchanged'),
  );
  return failed.filter(({ data }, i) => {
    const before = failed[i - 1]?.data;
    return !before || before.name !== data.name || before.r3 !== data.r3 || before.outcome !== data.outcome;
  });
}

function showReturn({ name, outcome, r3, r3Name }: Return['data'], here: string | undefined): string {
  if (r3 === undefined) return `${name}: ${outcome}`;
  if (!r3Name) return `${name} → ${r3}`;
  const general = meaningOf(r3Name) ?? H_MEANING[r3Name.replace(/^H_/, '') as keyof typeof H_MEANING];
  return `${name} → ${r3Name} (${BigInt.asIntN(64, r3)}): ${here ?? general}`;
}
