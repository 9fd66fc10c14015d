import { BoardMachine } from '../../machine/index.ts';
import { createWorld } from '../../sim/index.ts';
import type { BoardEntry } from '../language/board-entry.ts';
import { boardSpec } from '../language/board-entry.ts';
import type { Scenario } from '../language/scenario-schema.ts';

/** The boards of a scenario as they are before its first step. */
export async function startBoards({ document }: Scenario): Promise<readonly { readonly name: string; readonly machine: BoardMachine }[]> {
  const world = createWorld(String(document.seed ?? 1));
  const entries: readonly BoardEntry[] = document.boards ?? [];
  return Promise.all(entries.map(async entry => ({ name: entry.name, machine: await BoardMachine.start(world, boardSpec(entry)) })));
}
