import { commands } from '../../tpm/index.ts';
import { TPM_CC } from '../../tpm/wire/index.ts';
import { painter } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { CommandsFlags } from './flags.ts';

/** A command of the library; without a clause when the embedded TPM answers it with TPM_RC_COMMAND_CODE. */
interface Listed {
  readonly code: number;
  readonly name: string;
  readonly spec: string | null;
}

/** Every command of the library by code, from the declarations. */
const listedCommands = (): readonly Listed[] =>
  Object.entries(TPM_CC)
    .map(([name, code]) => ({ code, name: `TPM2_${name}`, spec: commands.get(code)?.spec ?? null }))
    .sort((a, b) => a.code - b.code);

/** `svm-sim tpm commands`. */
export function tpmCommands({ filter = '', json }: CommandsFlags, io: Io): number {
  const paint = painter(io.colors);
  const shown = listedCommands().filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  for (const { code, name, spec } of shown) {
    if (json) {
      io.out(`${JSON.stringify({ code, name, implemented: spec !== null, spec })}\n`);
      continue;
    }
    const status = spec ?? paint('not there: TPM_RC_COMMAND_CODE', 'quiet');
    io.out(`0x${code.toString(16)}  ${name.padEnd(width)}  ${status}\n`);
  }
  if (!json) io.out(`${shown.filter(({ spec }) => spec !== null).length} of ${shown.length}\n`);
  return shown.length > 0 ? EXIT.held : EXIT.failed;
}
