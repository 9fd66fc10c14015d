import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { foundScenarios, loadScenario, explore as search, showRule, withOverrides } from '../../scenario/index.ts';
import { painter } from '../../trace/index.ts';
import { DISCLAIMER, type Io } from '../io.ts';
import { showTable } from './exploration-table.ts';
import type { ExploreFlags } from './flags.ts';
import { searchVerdict } from './search-verdict.ts';

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
    ...(budget === undefined ? {} : { budget }),
    jobs: jobs ?? availableParallelism(),
    ...(filter === undefined ? {} : { only: ({ rule }) => showRule(rule).includes(filter) }),
    signal: io.signal,
    onProgress(done, of) {
      const now = performance.now();
      if (io.columns === undefined || (done < of && now - shown < PROGRESS_EVERY_MS)) return;
      shown = now;
      io.err(`\r${done} of ${of} runs${done === of ? '\n' : ''}`);
    },
  });
  const { findings, faults } = exploration;
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
  const { word, text, status } = searchVerdict(exploration, io.signal.aborted);
  const { done, of } = exploration;
  if (json) io.out(`${JSON.stringify({ type: 'verdict', verdict: word, done, of, kinds: found.length, faults: faults.length })}\n`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const kinds = found.length > 0 ? ` of ${found.length} kinds` : '';
  say(`${paint(word, word === 'HELD' ? 'good' : word === 'NOTHING FOUND' ? 'heading' : 'bad')}${text}${kinds} (${seconds} s)\n`);
  return status;
}
