import { stat } from 'node:fs/promises';
import { visible } from '../../bytes/index.ts';
import { loadScenario } from '../../scenario/index.ts';
import { EXIT, type Io } from '../io.ts';
import { scenarioFiles } from '../scenarios/list-scenarios.ts';
import { report } from '../terminal/show-error.ts';

/** Checks scenario files, and those below folders. */
export async function validate(given: readonly string[], io: Io): Promise<number> {
  let status: number = EXIT.held;
  let seen = 0;
  let valid = 0;
  for (const one of given) {
    const folder = (await stat(one).catch(() => undefined))?.isDirectory() ?? false;
    const files = folder ? await scenarioFiles(one) : [one];
    if (files.length === 0) {
      io.err(`${visible(one)}: there is no scenario in this folder\n`);
      status = EXIT.usage;
    }
    for (const file of files) {
      seen++;
      try {
        const { document, files: named } = await loadScenario(file);
        valid++;
        io.out(`${visible(file)}: valid (${document.steps.length} steps, ${named.size} files)\n`);
      } catch (error) {
        status = Math.max(status, await report(error, io, false));
      }
    }
  }
  if (seen > 1) io.out(`${seen} scenarios: ${valid} valid, ${seen - valid} not\n`);
  return status;
}
