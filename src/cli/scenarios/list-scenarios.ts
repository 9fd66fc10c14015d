import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadScenario, titleOf } from '../../scenario/index.ts';
import { painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { ScenariosFlags } from './flags.ts';

/** The scenarios that come with svm-sim. */
const CATALOGUE = fileURLToPath(new URL('../../../fixtures/scenarios', import.meta.url));

/** Files of scenarios below a folder, in order; what begins with `_` is only there to be included. */
export async function scenarioFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter(entry => entry.isFile() && /^[^_].*\.ya?ml$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

/** Lists the catalogue: each scenario with what it teaches. */
export async function scenarios(
  { filter, long, folder = CATALOGUE }: ScenariosFlags & { readonly folder?: string },
  io: Io,
): Promise<number> {
  const paint = painter(io.colors);
  let shown = 0;
  for (const file of await scenarioFiles(folder)) {
    const scenario = await loadScenario(file);
    const name = relative(process.cwd(), file);
    const { about = '' } = scenario.document;
    if (filter !== undefined && !`${name} ${titleOf(scenario)} ${about}`.toLowerCase().includes(filter.toLowerCase())) continue;
    shown++;
    io.out(`${paint(name, 'heading')}\n  ${titleOf(scenario)}\n${long ? `  ${about.trim()}\n` : ''}`);
  }
  io.out(`${shown} scenarios\n`);
  return shown > 0 ? EXIT.held : EXIT.failed;
}
