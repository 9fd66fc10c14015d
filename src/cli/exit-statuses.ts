import type { Command } from 'commander';
import { EXIT } from './io.ts';

/** What each status means, where a command's own words are better than the usual ones. No `failed`: the command never ends with 1. */
interface Meanings {
  readonly held: string;
  readonly failed?: string;
  readonly usage?: string;
  readonly environment?: string;
}

const WRITTEN: Meanings = { held: 'the blob is changed (with -n: it could be)', environment: 'a file cannot be written' };
const SCENARIO = 'wrong usage, or a scenario that is not valid';
const SHOWN: Meanings = { held: 'it is shown' };
const SERVES: Meanings = { held: 'ended when it was told to', environment: 'the TPM cannot be had, or there is no way to listen' };

/** By the command's words. A test sees to it that none is missing. */
export const EXIT_STATUSES: Readonly<Record<string, Meanings>> = {
  run: {
    held: 'everything that was expected came',
    failed: 'an expectation or a standing invariant failed, or a limit was passed',
    usage: SCENARIO,
    environment: 'the environment failed, such as a TPM that cannot be reached',
  },
  explore: {
    held: 'no action did what it must not',
    failed: 'an action violates an invariant',
    usage: SCENARIO,
    environment: 'a run ended with a fault of the simulator',
  },
  scenarios: { held: 'scenarios are listed', failed: '--filter leaves none' },
  init: { held: 'the scenario is written', usage: 'wrong usage, or the file is there or cannot be written' },
  explain: { held: 'every code is explained', usage: 'a code that nobody gives' },
  calls: { held: 'the calls are shown', usage: 'a call that does not exist' },
  profiles: { held: 'the profiles are shown', usage: 'a profile that does not exist' },
  conform: {
    held: 'every case is as recorded, or differs as --known says',
    failed: 'a case differs',
    usage: 'wrong usage, or a recording that cannot be read',
  },
  validate: { held: 'every scenario is valid', usage: 'a scenario is not valid' },
  schema: { held: 'the schema is printed, or the file of --check holds it', failed: 'the file of --check is out of date' },
  'domain check': { held: 'libvirt takes every definition', usage: 'libvirt refuses one, or a file cannot be read' },
  'domain qemu-args': { held: 'the options are printed', usage: 'libvirt refuses the definition, or the file cannot be read' },
  'trace show': SHOWN,
  'trace diff': { held: 'the traces are the same', failed: 'they differ', usage: 'wrong usage, or a trace that cannot be read' },
  'trace export': { held: 'it is written', environment: 'a file cannot be written' },
  learn: {
    held: 'the lessons were played, listed, or written as pages',
    usage: 'a lesson that does not exist',
    environment: 'a page cannot be written',
  },
  report: { held: 'the page is written', environment: 'the page cannot be written' },
  decode: {
    held: 'every message is decoded',
    failed: 'a message is not as its declaration says',
    usage: 'wrong usage, or nothing to decode',
  },
  'esm generate': { held: 'the keys are written (with -n: could be)', environment: 'a file cannot be written' },
  'esm make': { held: 'the blob is written (with -n: could be)', environment: 'the blob cannot be written' },
  'esm create': { held: 'the blob is written (with -n: could be)', environment: 'the blob cannot be written' },
  'esm authorize': { ...WRITTEN, usage: 'wrong usage, or blob, key or certificates are refused: the blob stays as it is' },
  'esm revoke': WRITTEN,
  'esm rotate': WRITTEN,
  'esm attach': WRITTEN,
  'esm detach': WRITTEN,
  'esm digest': WRITTEN,
  'esm extract': { held: 'the file is written', environment: 'the output cannot be written' },
  'esm display': SHOWN,
  'esm inspect': SHOWN,
  'esm verify': {
    held: 'the blob starts on that host, or a key is missing to tell',
    failed: 'something would fail at UV_ESM, or when the guest reads a file',
  },
  'svm add': { held: 'the initrd is written', environment: 'the initrd cannot be written' },
  'luks info': SHOWN,
  'luks decrypt': {
    held: 'the payload is written',
    failed: 'no key slot opens: nothing is written',
    usage: 'wrong usage, or a volume that cannot be read',
    environment: 'the payload cannot be written, or Argon2 wants more memory than there is',
  },
  'host export': { held: 'the files are written', environment: 'the TPM cannot be had, or a file cannot be written' },
  boot: { held: 'the VM becomes secure', failed: 'it does not', usage: 'wrong usage, or a file that is not what it should be' },
  'tpm commands': { held: 'commands are listed', failed: '--filter leaves none' },
  'tpm serve': SERVES,
  'tpmrm serve': SERVES,
  doctor: { held: 'always: what is missing here is told' },
};

const IN_GENERAL: Meanings = { held: 'done, and nothing to object', failed: 'done, and something was found: COMMAND --help says what' };

const INTERRUPTED = 'interrupted';

function showExitStatuses({
  held,
  failed,
  usage = 'wrong usage, or input that is not valid',
  environment = 'the environment failed',
}: Meanings): string {
  const lines: readonly (readonly [number, string])[] = [
    [EXIT.held, held],
    ...(failed === undefined ? [] : [[EXIT.failed, failed] as const]),
    [EXIT.usage, usage],
    [EXIT.environment, environment],
    [EXIT.interrupted, INTERRUPTED],
  ];
  return `\nExit status:\n${lines.map(([status, meaning]) => `  ${String(status).padEnd(5)}${meaning}`).join('\n')}`;
}

/** Every command that does something, with its words: `esm make`. */
export const leavesOf = (command: Command, words: readonly string[] = []): readonly (readonly [string, Command])[] =>
  command.commands.flatMap(inner => {
    const all = [...words, inner.name()];
    return inner.commands.length > 0 ? leavesOf(inner, all) : [[all.join(' '), inner] as const];
  });

/** Ends every command's --help with what its exit status says. */
export function describeExitStatuses(program: Command): void {
  program.addHelpText('after', showExitStatuses(IN_GENERAL));
  for (const [words, command] of leavesOf(program)) {
    const meanings = EXIT_STATUSES[words];
    if (meanings) command.addHelpText('after', showExitStatuses(meanings));
  }
}
