import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadScenario, startBoards } from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { writeWhole } from '../files/output-file.ts';
import { EXIT, type Io } from '../io.ts';
import type { DumpFlags } from './flags.ts';

/** Writes the tables of each board, DSDT and TPM2 or TCPA among them. */
export async function dump(file: string, { output, board: only, force = false }: DumpFlags, io: Io): Promise<number> {
  const boards = (await startBoards(await loadScenario(file))).filter(({ name }) => only === undefined || name === only);
  if (boards.length === 0) {
    throw new SimulatorError('acpi.no-board', {
      where: file,
      what: only === undefined ? 'the scenario has no board' : `there is no board "${only}"`,
      hint: 'Boards stand under "boards" (docs/scenarios.md).',
    });
  }
  await mkdir(output, { recursive: true });
  for (const { name, machine } of boards) {
    const tables = [...machine.board.acpiTables()];
    const files = tables.map(([signature, contents]) => ({ path: join(output, `${name}-${signature.toLowerCase()}.dat`), contents }));
    await writeWhole(...files.map(one => ({ ...one, replace: force })));
    for (const { path, contents } of files) io.out(`${path}: ${contents.length} bytes\n`);
    if (tables.length === 0) io.out(`${name}: its machine has no ACPI\n`);
  }
  return EXIT.held;
}
