import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadScenario, ScenarioError, titleOf } from '../../scenario/index.ts';
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

/** What a scenario is about; of one that cannot be run here, why. */
async function told(file: string): Promise<{ readonly title: string; readonly about: string }> {
  try {
    const scenario = await loadScenario(file);
    return { title: titleOf(scenario), about: scenario.document.about ?? '' };
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return { title: `cannot be run here: ${error.what}. ${error.hint ?? ''}`.trimEnd(), about: '' };
  }
}

/** Lists the catalogue: each scenario with what it teaches. */
export async function scenarios(
  { filter, long, folder = CATALOGUE }: ScenariosFlags & { readonly folder?: string },
  io: Io,
): Promise<number> {
  const paint = painter(io.colors);
  let shown = 0;
  for (const file of await scenarioFiles(folder)) {
    const name = relative(process.cwd(), file);
    const { title, about } = await told(file);
    if (filter !== undefined && !`${name} ${title} ${about}`.toLowerCase().includes(filter.toLowerCase())) continue;
    shown++;
    io.out(`${paint(name, 'heading')}\n  ${title}\n${long ? `  ${about.trim()}\n` : ''}`);
  }
  io.out(`${shown} scenarios\n`);
  return shown > 0 ? EXIT.held : EXIT.failed;
}
