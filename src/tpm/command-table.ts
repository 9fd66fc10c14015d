import { type AnyCommand, table } from './command.ts';
import * as book from './commands/index.ts';

/** Every command of Part 3 that some TPM of ours has, by code. */
export const commands = table([book]);

/** Those of them that a TPM has which lacks some. */
export const commandsOf = (all: ReadonlyMap<number, AnyCommand>, lacks: readonly number[]): ReadonlyMap<number, AnyCommand> =>
  lacks.some(code => all.has(code)) ? new Map([...all].filter(([code]) => !lacks.includes(code))) : all;
