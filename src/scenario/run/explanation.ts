import { hcalls } from '../../hcall/index.ts';
import { type Actor, type AnyEvent, ofKind, type SimEvent } from '../../sim/index.ts';
import { H_MEANING, type HName, type RegisterUses } from '../../spec/index.ts';
import { commands } from '../../tpm/index.ts';
import { explainRc } from '../../tpm/wire/index.ts';
import { EXPECTED_OF_TPM } from '../../tpmrm/index.ts';
import { conditionsOf, ultracalls } from '../../ultravisor/index.ts';
import { meaningOf } from '../expect/code-names.ts';
import type { Mismatch } from '../expect/expectation.ts';
import { showResult } from '../expect/result.ts';
import type { HonestStep } from './honest-step.ts';
import { reasonHere } from './reason.ts';
import type { StepOutcome } from './step-outcome.ts';
import { type Strike, showStrike, type Warning } from './strikes.ts';

export const LAYERS = ['cause', 'caller', 'ultracall', 'hypercall', 'TPM', 'check', 'log'] as const;

/** What one layer had to say, and the event that says so. */
export interface Layer {
  readonly layer: (typeof LAYERS)[number];
  readonly text: string;
  readonly event?: number;
}

/** Why a step came out as it did: one plain sentence, and each layer from the cause and the caller down to the check that refused. */
export interface Explanation {
  readonly sentence: string;
  readonly layers: readonly Layer[];
}

/** What is known of a step that did not give what was expected. */
export interface Evidence {
  /** What happens in it, in a line. */
  readonly text: string;
  readonly outcome: StepOutcome;
  readonly mismatches: readonly Mismatch[];
  readonly events: readonly AnyEvent[];
  /** The scenario's file. */
  readonly file: string;
  /** The rule, fault or interruption that made the result. */
  readonly strike?: Strike | undefined;
  /** Rules and faults that did nothing so far. */
  readonly missed: readonly Warning[];
  /** The same step of a run without rules and faults. */
  readonly honest?: HonestStep | undefined;
  /** What helps somebody who meets a refusal by this check. */
  readonly hint?: string | undefined;
  profileOf(host: string | undefined): string | undefined;
}

/** Explains a step from its outcome and the events that were recorded meanwhile. */
export function explain(evidence: Evidence): Explanation {
  const { outcome, events, strike, honest } = evidence;
  // Where the honest run fails in the same way, its refusals are the reason of both.
  const findings = findingsOf(events, evidence.profileOf).filter(({ key }) => !strike || !honest?.keys.has(key));
  const layers: Layer[] = [];
  const add = (layer: Layer['layer'], said: string, event?: number): number =>
    layers.push({ layer, text: said, ...(event === undefined ? {} : { event }) });
  if (strike) add('cause', causeOf(strike, evidence), strike.event);
  else if (succeeded(outcome)) for (const { text } of evidence.missed) add('cause', text);
  add('caller', `sees ${showResult(outcome.result)}`);
  for (const { layer, text, event } of findings) add(layer, text, event);
  return { sentence: sentence(evidence, findings), layers };
}

/** A layer that said no. */
interface Finding {
  readonly layer: Layer['layer'];
  readonly text: string;
  readonly event: number;
  /** Of a call that came back: the event of its being made. */
  readonly since?: number | null;
  /** The same in another run. */
  readonly key: string;
  /** As the end of a sentence. */
  readonly refusal?: string;
}

/** What layers say no in the events of a step: by this an honest run is compared with another. */
export const keysOf = (events: readonly AnyEvent[]): ReadonlySet<string> =>
  new Set(findingsOf(events, () => undefined).map(({ key }) => key));

function findingsOf(events: readonly AnyEvent[], profileOf: Evidence['profileOf']): readonly Finding[] {
  const ultra = failedCalls(ofKind(events, 'ultracall.return')).map((event): Finding => {
    const { data, seq, host } = event;
    const call = ultracalls.get(data.number);
    const profile = profileOf(host);
    const listed = call
      ? conditionsOf(call, data.r3Name ?? '').filter(({ profiles }) => profile === undefined || profiles.includes(profile))
      : [];
    const reason = listed.length > 0 ? listed.map(({ when }) => when).join('; ') : undefined;
    return { layer: 'ultracall', ...returned(event, reason, call?.in, events), event: seq, since: event.cause };
  });
  const hyper = failedCalls(ofKind(events, 'hcall.return')).map((event): Finding => {
    const call = hcalls.get(event.data.number);
    return {
      layer: 'hypercall',
      ...returned(event, call?.returns[event.data.r3Name as HName], call?.in, events),
      event: event.seq,
      since: event.cause,
    };
  });
  const responses = ofKind(events, 'tpm.response');
  const tpm = responses
    .filter(
      ({ data }) => data.rc !== 0 && !EXPECTED_OF_TPM.some(one => one.via === data.via && one.name === data.name && one.rc === data.rc),
    )
    // Asked again (TPM_RC_RETRY), and answered then.
    .filter(
      ({ data, seq }) =>
        data.rcName !== 'TPM_RC_RETRY' || !responses.some(later => later.seq > seq && later.data.code === data.code && later.data.rc === 0),
    )
    .map(({ data, seq }): Finding => {
      const said = `${data.name} with ${explainedRc(data)}`;
      return {
        layer: 'TPM',
        text: `${data.name} → ${explainedRc(data)}`,
        key: `TPM ${data.name} ${data.rc}`,
        event: seq,
        refusal: `the TPM refuses ${said}`,
      };
    });
  const checks = ofKind(events, 'check')
    .filter(({ data }) => !data.ok)
    .map(
      ({ data, seq, actor }): Finding => ({
        layer: 'check',
        text: `${data.name}: ${data.detail} (${data.source})`,
        key: `check ${data.name} ${data.detail}`,
        event: seq,
        refusal: `${nameOf(actor)} refuses: ${stripDot(data.detail)} (check "${data.name}")`,
      }),
    );
  const notes = ofKind(events, 'note')
    .filter(({ actor }) => actor === 'ultravisor')
    .map(({ data, seq }): Finding => ({ layer: 'log', text: data.text, key: `note ${data.text}`, event: seq }));
  return [...ultra, ...hyper, ...tpm, ...checks, ...notes];
}

/** A response code for this command: which of its handles and parameters is meant. */
function explainedRc({ code, rc }: { readonly code: number; readonly rc: number }): string {
  const { text, blames, meaning } = explainRc(rc);
  const [, kind, number] = /^(parameter|handle) (\d+)$/.exec(blames ?? '') ?? [];
  const command = commands.get(code);
  const name = command && kind && Object.keys(kind === 'handle' ? command.handles : command.params)[Number(number) - 1];
  return `${text}: ${name ? `${name}: ` : ''}${meaning}`;
}

const succeeded = ({ result }: StepOutcome): boolean =>
  result.kind === 'ok' || result.kind === 'secure' || (result.kind === 'code' && result.r3 === 0n);

/** Fields that say how the step as a whole came out. */
const RESULTS: ReadonlySet<string> = new Set(['result', 'state', 'disk', 'bytes', 'responses']);

function sentence(evidence: Evidence, findings: readonly Finding[]): string {
  const { text, outcome, mismatches, missed, strike, honest, hint } = evidence;
  const { result } = outcome;
  const begun = `When ${text},`;
  const [first] = mismatches;
  const instead = first ? `${first.field} is ${first.actual} where ${first.expected} is expected` : '';
  const same = honest ? '; a run without rules and faults gives the same' : '';
  const refused = refusalOf(outcome, findings);
  if (strike) {
    // An interruption says itself what came of it.
    const consequence = strike.interrupts ? '' : (refusalOf(outcome, findings, true) ?? instead);
    return `${begun} ${causeOf(strike, evidence)}${consequence ? `; ${consequence}` : ''}.`;
  }
  // What was expected of the result came: then it is not the result that needs a reason.
  if (first && !RESULTS.has(first.field)) {
    const by = first.field === 'refusedBy' && refused ? `; ${refused}` : '';
    return `${begun} ${instead}${by}${succeeded(outcome) ? because(missed) : ''}.`;
  }
  if (!refused)
    return first
      ? `${begun} it succeeds (${showResult(result)}), but ${instead}${because(missed) || same}.`
      : `${begun} it comes out as it should.`;
  return `${begun} ${refused}.${hint ? ` ${hint[0]?.toUpperCase()}${hint.slice(1)}.` : ''}`;
}

/** A rule that never struck cannot make the refusal that is expected of it. */
const because = (missed: readonly Warning[]): string =>
  missed.length === 0 ? '' : `: ${missed.map(({ text, place }) => `${text}${place ? ` (line ${place.line})` : ''}`).join('; ')}`;

/** Who refused, as the end of a sentence; undefined: nobody. */
function refusalOf({ result }: StepOutcome, findings: readonly Finding[], short = false): string | undefined {
  const last = (layer: Layer['layer']): Finding | undefined => findings.filter(one => one.layer === layer).at(-1);
  if (result.kind === 'never') return `the call never comes back: ${result.how}`;
  if (result.kind === 'refused') return `it is refused: ${stripDot(result.why)}`;
  const check = last('check');
  if (check) return short ? check.refusal : [check.refusal, behind(check, findings)].filter(text => text !== undefined).join('; ');
  if (result.kind === 'ok' || result.kind === 'secure') return undefined;
  const response = last('TPM');
  if (response) return response.refusal;
  if (result.r3 === 0n) return undefined;
  const call = findings.filter(({ layer }) => layer === 'ultracall' || layer === 'hypercall').at(-1);
  return call ? `the answer is ${call.text}` : `the answer is ${showResult(result)}`;
}

/** What kept the hypervisor from what the one who checks had asked for: its answer, or that of the Ultravisor to it. */
function behind(check: Finding, findings: readonly Finding[]): string | undefined {
  const answer = findings.filter(({ layer, event }) => layer === 'hypercall' && event < check.event).at(-1);
  if (!answer) return undefined;
  const { since } = answer;
  const within = findings.find(({ layer, event }) => layer === 'ultracall' && event > (since ?? answer.event) && event < answer.event);
  return (within ?? answer).text;
}

/** Who made the result: what was told to the machine, and whether the caller had done anything wrong. */
function causeOf(strike: Strike, { events, file }: Evidence): string {
  const right = strike.code === undefined ? '' : whatWasRight(strike, events);
  return `${strike.deed}${strike.interrupts ? '' : ' here'} (${showStrike(strike, file)})${right}`;
}

/** Of a call that was answered with a code by order: what that code would be about was right. */
function whatWasRight({ code = '', event }: Strike, events: readonly AnyEvent[]): string {
  const deed = events.find(({ seq }) => seq === event);
  const call = ofKind(events, 'hcall.call').find(({ seq }) => seq === deed?.cause);
  const declared = call && hcalls.get(call.data.number);
  const listed = declared?.returns[code as HName];
  if (!call || !declared || listed === undefined) return '';
  const { shown, ruledOut } = reasonHere(listed, call.data.args, declared.in);
  return ruledOut ? `; the ${/buffer|size/.test(shown) ? 'buffer' : 'call'} was right (${shown})` : '';
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

/** What a call gave, and why: of the reasons that its table lists, those that its arguments do not rule out. */
function returned(
  { data, cause, kind }: Return,
  listed: string | undefined,
  uses: RegisterUses | undefined,
  events: readonly AnyEvent[],
): Pick<Finding, 'text' | 'key'> {
  const { name, outcome, r3, r3Name } = data;
  const key = `${kind} ${name} ${r3 ?? outcome}`;
  if (r3 === undefined) return { text: `${name}: ${outcome}`, key };
  if (!r3Name) return { text: `${name} → ${r3}`, key };
  const call = events.find(event => event.seq === cause);
  const args = call?.kind === 'hcall.call' || call?.kind === 'ultracall.call' ? call.data.args : {};
  const code = `${name} → ${r3Name} (${BigInt.asIntN(64, r3)})`;
  if (listed === undefined) {
    const general = meaningOf(r3Name) ?? H_MEANING[r3Name.replace(/^H_/, '') as keyof typeof H_MEANING];
    return { text: `${code}: ${general}`, key };
  }
  const { text, shown, ruledOut } = reasonHere(listed, args, uses ?? {});
  const why = ruledOut ? `given in spite of its arguments` : text;
  return { text: `${code}: ${why}${shown ? ` (${shown})` : ''}`, key };
}
