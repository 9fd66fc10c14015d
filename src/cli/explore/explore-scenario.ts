import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { foundScenarios, loadScenario, explore as search, showRule, withOverrides } from '../../scenario/index.ts';
import { painter } from '../../trace/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { showTable } from './exploration-table.ts';
import type { ExploreFlags } from './flags.ts';

const PROGRESS_EVERY_MS = 200;

/** Runs a scenario with every action of the adversary at every moment. */
export async function explore(file: string, flags: ExploreFlags, io: Io): Promise<number> {
  const { depth = '1', budget, jobs, seed, profile, filter, out, json } = flags;
  const paint = painter(io.colors);
  const say = (text: string): void => (json ? io.err(text) : io.out(text));
  say(`${DISCLAIMER}\n`);
  const scenario = withOverrides(await loadScenario(file), {
    ...(seed === undefined ? {} : { seed }),
    ...(profile === undefined ? {} : { profile }),
  });
  const began = performance.now();
  let shown = 0;
  const exploration = await search(scenario, {
    depth: depth === '2' ? 2 : 1,
    interruptions: flags.interrupt ?? false,
    ...(budget === undefined ? {} : { budget: Number(budget) }),
    jobs: jobs === undefined ? availableParallelism() : Number(jobs),
    ...(filter === undefined ? {} : { only: ({ rule }) => showRule(rule).includes(filter) }),
    signal: io.signal,
    onProgress(done, of) {
      const now = performance.now();
      if (io.columns === undefined || (done < of && now - shown < PROGRESS_EVERY_MS)) return;
      shown = now;
      io.err(`\r${done} of ${of} runs${done === of ? '\n' : ''}`);
    },
  });
  const { findings, faults, left } = exploration;
  const found = foundScenarios(exploration, out ?? '.');
  if (json) {
    for (const { candidates, verdict } of findings)
      io.out(`${JSON.stringify({ type: 'finding', rules: candidates.map(({ rule }) => rule), ...verdict })}\n`);
  } else {
    io.out(`\n${showTable(exploration)}\n`);
    for (const { finding } of found) {
      const { candidates, verdict } = finding;
      io.out(`${paint(`✗ ${verdict.by}`, 'bad')}: ${candidates.map(({ rule }) => showRule(rule)).join(' and ')}\n    ${verdict.text}\n`);
    }
  }
  for (const { rules, error } of faults) io.err(`${paint('svm-sim has a fault of its own:', 'bad')} ${rules}: ${error}\n`);
  if (out !== undefined && found.length > 0) {
    await mkdir(out, { recursive: true });
    for (const { name, text } of found) await writeFile(join(out, `${name}.yaml`), text);
    say(`${found.length} scenarios that show the violations again are in ${out}\n`);
  }
  const seconds = (performance.now() - began) / 1000;
  const violations = findings.filter(({ verdict }) => verdict.is === 'violation').length;
  const rest = left > 0 ? `; the budget left ${left} out` : '';
  say(
    `${paint(violations > 0 ? 'VIOLATED' : 'HELD', violations > 0 ? 'bad' : 'good')}  ${findings.length} runs, ${violations} with a violation, ${found.length} kinds${rest} (${seconds.toFixed(1)} s)\n`,
  );
  if (io.signal.aborted) return EXIT.interrupted;
  if (faults.length > 0) return EXIT.environment;
  return violations > 0 ? EXIT.failed : EXIT.held;
}
