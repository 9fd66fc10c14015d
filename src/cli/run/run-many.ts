import { availableParallelism } from 'node:os';
import type { RunLimits, Scenario } from '../../scenario/index.ts';
import { overThreads } from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { type Ran, type RunAnswer, type RunJob, tryScenario } from './tries.ts';

export interface ManyOptions {
  readonly limits?: RunLimits;
  readonly retries?: number;
  readonly reseed?: boolean;
  /** Worker threads; 0: in this thread, one after the other. Default: one for each processor. */
  readonly jobs?: number;
  readonly signal: AbortSignal;
  /** Told each run in the order of the scenarios, however they came to their ends; false: no more is wanted. */
  readonly onRan: (ran: Ran, scenario: Scenario) => boolean;
  /** Told of each that cannot be run to its end, in its turn; false: no more is wanted. */
  readonly onBroken: (error: SimulatorError, scenario: Scenario) => boolean;
}

/** Runs scenarios, several at once. What is told does not depend on how many. */
export async function runMany(scenarios: readonly Scenario[], options: ManyOptions): Promise<void> {
  const { limits = {}, retries = 0, reseed = false, jobs = availableParallelism(), signal, onRan, onBroken } = options;
  const work = scenarios.map((scenario, id): RunJob => ({ id, scenario, limits, retries, reseed }));
  if (jobs === 0) {
    for (const job of work) {
      if (signal.aborted || !(await one(job))) return;
    }
    return;
  }
  async function one(job: RunJob): Promise<boolean> {
    try {
      return onRan(await tryScenario(job, signal), job.scenario);
    } catch (error) {
      if (error instanceof SimulatorError) return onBroken(error, job.scenario);
      throw error;
    }
  }
  const waiting = new Map<number, RunAnswer>();
  let next = 0;
  let goesOn = true;
  const onAnswer = (answer: RunAnswer): boolean => {
    waiting.set(answer.id, answer);
    for (let due = waiting.get(next); due && goesOn; due = waiting.get(next)) {
      waiting.delete(next);
      const scenario = scenarios[next] as Scenario;
      if ('ran' in due) goesOn = onRan(due.ran, scenario);
      else {
        const fault = faultOf(due.fault);
        if (!(fault instanceof SimulatorError)) throw fault;
        goesOn = onBroken(fault, scenario);
      }
      next++;
    }
    return goesOn;
  };
  const module = new URL('./run.worker', import.meta.url);
  await overThreads<RunJob, RunAnswer>({ module, jobs: work, threads: jobs, ahead: 1, onAnswer, signal });
}

function faultOf({ about, stack }: Extract<RunAnswer, { fault: unknown }>['fault']): Error {
  return about ? new SimulatorError(...about) : new Error(stack);
}
