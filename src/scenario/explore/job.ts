import type { Rule } from '../adversary/index.ts';
import type { Interruption } from '../run/interruptions.ts';
import type { Explorer } from './explorer.ts';
import type { Verdict } from './verdict.ts';

/** A run to be made. */
export interface Job {
  readonly id: number;
  readonly rules: readonly Rule[];
  readonly moment: number;
  /** In place of rules. */
  readonly interruption?: Interruption;
}

/** What a worker says about it. */
export type Answer = { readonly id: number; readonly verdict: Verdict } | { readonly id: number; readonly error: string };

/** Does a job, and never fails. */
export async function answerTo(explorer: Explorer, { id, rules, moment, interruption }: Job): Promise<Answer> {
  try {
    return { id, verdict: interruption ? await explorer.cut(interruption) : await explorer.run(rules, moment) };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
