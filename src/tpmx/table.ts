import * as all from './commands.ts';
import type { Command } from './tpm.ts';
export const commands: ReadonlyMap<number, Command<any, any, any>> = new Map(Object.values(all).map(c => [(c as any).code, c as any]));
