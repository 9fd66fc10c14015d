import type { AnyEvent } from '../../sim/index.ts';
import { CHECKS } from '../../ultravisor/index.ts';
import { actions, type Rule } from '../adversary/index.ts';
import type { ScenarioReport } from '../run/report.ts';

export const CLASSES = ['harmless', 'denied', 'denial of service', 'violation'] as const;
export type VerdictClass = (typeof CLASSES)[number];

/** What came of a run with an adversary. */
export interface Verdict {
  readonly is: VerdictClass;
  /** The check that refused, the invariant that was violated, or why nothing went on. */
  readonly by: string;
  readonly text: string;
  /** Steps that were run, the last of which may have failed. */
  readonly steps: number;
  /** State of the guest after a last step that did not come out as expected. */
  readonly state?: string;
  /** Whether the adversary found anything to do. */
  readonly acted: boolean;
}

/** Refusals that mean: somebody saw that something is not what it should be. */
const SEEN_THROUGH: ReadonlySet<string> = new Set([...Object.keys(CHECKS), 'device-tree', 'esm-blob', 'digests', 'lockbox', 'boot-cpu']);

export function classify(report: ScenarioReport, events: readonly AnyEvent[], rules: readonly Rule[]): Verdict {
  const acted = events.some(({ kind }) => kind === 'adversary');
  const steps = report.steps.length;
  const violated = report.invariants.filter(({ ok }) => !ok);
  const last = report.steps.at(-1);
  const state = last?.ok === false ? last.outcome.state : undefined;
  const rest = { steps, acted, ...(state === undefined ? {} : { state }) };
  if (violated.length > 0) {
    return { is: 'violation', by: violated.map(({ name }) => name).join(', '), text: violated.map(({ text }) => text).join('; '), ...rest };
  }
  if (!last || last.ok) return { is: 'harmless', by: '', text: 'everything came as without it', ...rest };
  const text = last.why?.sentence ?? '';
  if (last.outcome.result.kind === 'never') return { is: 'denial of service', by: last.outcome.result.how, text, ...rest };
  const refused = events.flatMap(event => (event.kind === 'check' && !event.data.ok ? [event.data.name] : []));
  const by = refused.find(name => SEEN_THROUGH.has(name));
  if (by !== undefined) return { is: 'denied', by, text, ...rest };
  const rc = events.flatMap(event =>
    event.kind === 'tpm.response' && event.data.rc !== 0 && event.data.via !== 'resource manager' ? [event.data.rcName] : [],
  )[0];
  const withheld = rules.every(rule => actions.get(rule.do)?.withholds === true);
  if (rc !== undefined && !withheld) return { is: 'denied', by: `the TPM (${rc})`, text, ...rest };
  return { is: 'denial of service', by: refused.at(-1) ?? 'expectation', text, ...rest };
}
