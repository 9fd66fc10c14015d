import { z } from 'zod';
import { BOARDS, type BoardName } from '../../frontends/index.ts';
import type { BoardSpec } from '../../machine/index.ts';
import { NAME } from './values.ts';

const MACHINES = Object.keys(BOARDS) as readonly BoardName[];
const MODELS = [...new Set(Object.values(BOARDS).flatMap(({ models }): readonly string[] => models))];

/** A machine as far as a TPM reaches. */
export const BOARD = z.strictObject({
  name: NAME.describe('What steps call this board.'),
  machine: z
    .enum(MACHINES)
    .optional()
    .describe("QEMU's machine type; docs/frontends.md lists them. Default: the first that has the device."),
  model: z.enum(MODELS).describe('The TPM device. Its TPM is the one that is built in, new, and switched on without TPM2_Startup.'),
  ppi: z.boolean().optional().describe('Whether it has the Physical Presence Interface. Default: where the machine can have it.'),
  irq: z.int().min(0).max(15).optional().describe('The interrupt that the device names. Default: 5.'),
});
export type BoardEntry = z.infer<typeof BOARD>;

const has = (machine: BoardName, model: string): boolean => (BOARDS[machine].models as readonly string[]).includes(model);

/** The machine of a board. */
const machineOfBoard = ({ machine, model }: BoardEntry): BoardName => machine ?? MACHINES.find(one => has(one, model)) ?? 'q35';

export function boardSpec(entry: BoardEntry): BoardSpec {
  const { name, model, ppi, irq } = entry;
  return { name, machine: machineOfBoard(entry), model, ...(ppi === undefined ? {} : { ppi }), ...(irq === undefined ? {} : { irq }) };
}

/** Why there is no such board; undefined: there is. */
export const boardFault = (entry: BoardEntry): string | undefined =>
  has(machineOfBoard(entry), entry.model) ? undefined : `${machineOfBoard(entry)} has no ${entry.model}`;
