import { readFile } from 'node:fs/promises';
import { scenarioJsonSchema } from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { SchemaFlags } from './flags.ts';

export async function schema({ check }: SchemaFlags, io: Io): Promise<number> {
  const text = `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
  if (check === undefined) {
    io.out(text);
    return EXIT.held;
  }
  const there = await readFile(check, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SimulatorError('cli.unreadable', { where: check, what: error.code === 'ENOENT' ? 'there is no such file' : error.message });
  });
  if (there === text) {
    io.out(`${check}: up to date\n`);
    return EXIT.held;
  }
  io.err(`${check}: out of date\n  Make it again with "svm-sim schema > ${check}".\n`);
  return EXIT.failed;
}
