import { table } from './command.ts';
import * as book from './commands/index.ts';

/** Every command of Part 3 that this TPM has, by code. */
export const commands = table([book]);
