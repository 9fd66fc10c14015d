import { Command, CommanderError } from '@commander-js/extra-typings';
import { acpi } from './acpi/index.ts';
import { boot } from './boot/index.ts';
import { calls } from './calls/index.ts';
import { type CliCommand, type Exits, showExits } from './command.ts';
import { conform } from './conform/index.ts';
import { decode } from './decode/index.ts';
import { doctor } from './doctor/index.ts';
import { domain } from './domain/index.ts';
import { esm } from './esm/index.ts';
import { explain } from './explain/index.ts';
import { explore } from './explore/index.ts';
import { firmware } from './firmware/index.ts';
import { generations } from './generations/index.ts';
import { host } from './host/index.ts';
import { init } from './init/index.ts';
import { DISCLAIMER, EXIT, type Io } from './io.ts';
import { learn } from './learn/index.ts';
import { luks } from './luks/index.ts';
import { profiles } from './profiles/index.ts';
import { report } from './report/index.ts';
import { run } from './run/index.ts';
import { scenarios } from './scenarios/index.ts';
import { schema } from './schema/index.ts';
import { svm } from './svm/index.ts';
import { clean } from './terminal/clean.ts';
import { tpm } from './tpm/index.ts';
import { tpmrm } from './tpmrm/index.ts';
import { trace } from './trace/index.ts';
import { tree } from './tree/index.ts';
import { validate } from './validate/index.ts';
import { version } from './version.ts';

/** In the order of --help. */
export const COMMANDS: readonly CliCommand[] = [
  run,
  explore,
  scenarios,
  init,
  explain,
  calls,
  profiles,
  generations,
  conform,
  validate,
  schema,
  domain,
  acpi,
  learn,
  trace,
  report,
  decode,
  esm,
  svm,
  luks,
  host,
  boot,
  firmware,
  tree,
  tpm,
  tpmrm,
  doctor,
];

const IN_GENERAL: Exits = { held: 'done, and nothing to object', failed: 'done, and something was found: COMMAND --help says what' };

/**
 * Runs the command line; the exit status. What a command needs is loaded when it is called, so that `--help` is quick.
 * @param argv arguments without program names.
 */
export async function runCli(argv: readonly string[], given: Io): Promise<number> {
  const io = clean(given);
  let status: number = EXIT.held;
  const verbose = argv.includes('--verbose') || argv.includes('-v');
  const program = makeProgram(io, code => {
    status = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.held : EXIT.usage;
    const { report } = await import('./terminal/show-error.ts');
    return report(error, io, verbose);
  }
}

/** The whole command line; `end` is told how a command ended. */
export function makeProgram(io: Io, end: (status: number) => void): Command {
  const program = new Command('svm-sim')
    .description(`Simulates how a guest becomes a Secure VM on IBM POWER9.\n${DISCLAIMER}`)
    .version(version(), '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: text => io.out(text), writeErr: text => io.err(text) })
    .showHelpAfterError('(svm-sim --help tells more)');

  for (const one of COMMANDS) one.addTo(program, io, end);
  program.addHelpText('after', showExits(IN_GENERAL));
  return program;
}
