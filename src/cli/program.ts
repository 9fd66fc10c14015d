import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { registerBoot } from './boot/index.ts';
import { registerDecode } from './decode/index.ts';
import { registerEsm } from './esm/index.ts';
import { describeExitStatuses } from './exit-statuses.ts';
import { registerHost } from './host/index.ts';
import { DISCLAIMER, EXIT, type Io } from './io.ts';
import { registerLearn } from './learn/index.ts';
import { registerLuks } from './luks/index.ts';
import { atLeast, milliseconds } from './options.ts';
import { registerReport } from './report/index.ts';
import { registerSvm } from './svm/index.ts';
import { registerTrace } from './trace/index.ts';
import { version } from './version.ts';

/**
 * Runs the command line; the exit status. What a command needs is loaded when it is called, so that `--help` is quick.
 * @param argv arguments without program names.
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
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

  program
    .command('run')
    .description('Run scenarios and show what happens.')
    .argument('<file...>', 'scenario files, or folders of them')
    .option(
      '--reporter <name>',
      'also write the runs as junit, tap, github, json or terminal; "junit=FILE" into a file (may be given several times)',
      several,
      [],
    )
    .option('--filter <text>', 'only scenarios whose file or title contains this text')
    .option('--bail', 'end after the first that fails')
    .addOption(
      new Option('--jobs <n>', 'run so many at once, on worker threads; what is shown stays in order (default: 1)')
        .argParser(atLeast(1))
        .conflicts(['break', 'tpmState', 'allowHardware']),
    )
    .addOption(
      new Option('--retries <n>', 'run a scenario that fails so many times more (default: 0)')
        .argParser(atLeast(0))
        .conflicts(['break', 'tpmState', 'allowHardware']),
    )
    .option('--timeout <time>', 'end a run after so much wall time: 500ms, 30s, 10min', milliseconds)
    .option('--virtual-timeout <time>', 'end a run after so much virtual time', milliseconds)
    .option('--max-events <n>', 'end a run after so many events', atLeast(1))
    .option(
      '--break <event>',
      'stop at an event (its number, kind or name) and step on from there; without a terminal: show the state and end',
    )
    .option(
      '--keep-trace <when>',
      'a trace of each scenario: "on-failure" or "always", into the folder "traces" or, with "on-failure=FOLDER", another',
    )
    .option('--seed <seed>', 'where all chance comes from, in place of what the scenario says')
    .option('--tpm <tpm>', 'the TPM of every host: "embedded", or where another one is reached')
    .option('--tpm-state <folder>', 'where the embedded TPMs are kept from one run to the next, a folder for each host')
    .option('--allow-hardware', 'with --tpm device:...: the TPM of this machine may be used, and changed')
    .option('--profile <name>', 'how the firmware of every host behaves: documented, published, hardened')
    .addOption(swappingOption())
    .option('--json', 'one JSON object a line on standard output')
    .option('--trace <file>', 'write every event to a file')
    .option('--report <file>', 'make one HTML page that shows the run')
    .addOption(new Option('-q, --quiet', 'verdicts only').conflicts('verbose'))
    .option('-v, --verbose', 'every event, with its fields and bytes')
    .action(async (files: string[], options) => end(await (await import('./run/run-scenarios.ts')).run(files, options, io)));

  program
    .command('explore')
    .description('Run a scenario with every action of a hostile hypervisor at every moment, and say what comes of it.')
    .argument('<file>', 'a scenario that holds')
    .option('--depth <n>', '1: one action a run (default); 2: pairs of them as well')
    .option('--interrupt', 'in place of an adversary: a machine reset and a loss of power at every event, then all of it again')
    .option('--budget <n>', 'at most so many runs')
    .option('--jobs <n>', 'worker threads; 0: none (default: one for each processor)')
    .option('--seed <seed>', 'where all chance comes from')
    .option('--profile <name>', 'how the firmware of every host behaves')
    .option('--filter <text>', 'only actions whose description contains this text')
    .option('--out <folder>', 'write each violation as a scenario that shows it again')
    .option('--json', 'one JSON object a run on standard output')
    .option('-v, --verbose', 'with stack traces of errors')
    .action(async (file: string, options) => end(await (await import('./explore/explore-scenario.ts')).explore(file, options, io)));

  program
    .command('scenarios')
    .description('List the scenarios that come with svm-sim.')
    .option('--filter <text>', 'only those that contain this text')
    .option('-l, --long', 'with what each of them teaches')
    .action(async options => end(await (await import('./scenarios/list-scenarios.ts')).scenarios(options, io)));

  program
    .command('init')
    .description('Write a commented scenario to begin with.')
    .argument('[file]', 'where to', 'scenario.yaml')
    .action(async (file: string) => end(await (await import('./init/write-scenario.ts')).init(file, io)));

  program
    .command('explain')
    .description('Explain a return code of hypercalls, ultracalls or the TPM: H_P5, -58, 0x1C4, U_P3, TPM_RC_VALUE.')
    .argument('<code...>', 'name or number')
    .allowUnknownOption() // negative numbers
    .action(async (codes: string[], _options, command: Command) =>
      end(await (await import('./explain/explain-codes.ts')).explain([...new Set([...codes, ...command.args])], io)),
    );

  program
    .command('calls')
    .description('List hypercalls and ultracalls, or show one: arguments, return codes, who may call, what each profile does.')
    .argument('[call]', 'name or number: UV_PAGE_IN, 0xF128, f128, 61736')
    .option('--json', 'as JSON: a list, or one object')
    .action(async (call: string | undefined, options) => end((await import('./calls/list-calls.ts')).calls(call, options, io)));

  program
    .command('profiles')
    .description('Compare the firmware profiles, or show one: each field with its reason and source, checks, weaknesses.')
    .argument('[name]', 'documented, published or hardened')
    .option('--json', 'as JSON')
    .action(async (name: string | undefined, options) =>
      end((await import('./profiles/compare-profiles.ts')).listProfiles(name, options, io)),
    );

  program
    .command('conform')
    .description('Play recorded observations of the real programs against the simulator.')
    .argument('<path...>', 'recordings, or folders of them')
    .option('--known <file>', 'list of differences that are known, with their reasons')
    .option('--filter <text>', 'only cases whose file or name contains this text')
    .option('--against <tpm>', 'play the live cases on a real TPM: swtpm, swtpm:..., mssim:..., device:/dev/tpmrm0')
    .option('--record <out>', 'with --against: write what was observed as recordings, to a file or a folder')
    .option('--allow-hardware', 'a TPM of this machine may be used, and changed')
    .addOption(new Option('-q, --quiet', 'failed cases and the count only').conflicts('verbose'))
    .option('-v, --verbose', 'with stack traces of errors')
    .action(async (paths: string[], options) => end(await (await import('./conform/play-recordings.ts')).conform(paths, options, io)));

  program
    .command('validate')
    .description('Check scenario files without running them.')
    .argument('<file...>', 'scenario files')
    .option('-v, --verbose', 'with stack traces of errors')
    .action(async (files: string[]) => end(await (await import('./validate/validate-scenarios.ts')).validate(files, io)));

  program
    .command('schema')
    .description('Print the JSON Schema of scenario files, for editors.')
    .option('--check <file>', 'do not print: tell whether this file holds the schema as it is now', oneLine)
    .action(async options => end(await (await import('./schema/print-schema.ts')).schema(options, io)));

  const domain = program.command('domain').description('TPM devices of a libvirt domain definition, by the rules of libvirt and QEMU.');
  domain
    .command('check')
    .description('Tell whether libvirt takes the definition, and what it makes of it.')
    .argument('<file...>', 'domain definitions (XML)')
    .action(async (files: string[]) => end(await (await import('./domain/domain-devices.ts')).domainCheck(files, io)));
  domain
    .command('qemu-args')
    .description("Print QEMU's options for the TPM devices.")
    .argument('<file>', 'domain definition (XML)')
    .option('--tpm-socket <path>', "control socket of the vTPM's emulator")
    .action(async (file: string, options) => end(await (await import('./domain/domain-devices.ts')).domainQemuArgs(file, options, io)));

  registerLearn(program, io, end);
  registerTrace(program, io, end);
  registerReport(program, io, end);
  registerDecode(program, io, end);
  registerEsm(program, io, end);
  registerSvm(program, io, end);
  registerLuks(program, io, end);
  registerHost(program, io, end);
  registerBoot(program, io, end);

  const tpm = program.command('tpm').description('The embedded TPM.');
  tpm
    .command('commands')
    .description('List the commands of the TPM 2.0 library, and which of them the embedded TPM has.')
    .option('--filter <text>', 'only those that contain this text')
    .option('--json', 'one JSON object a command on standard output')
    .action(async options => end((await import('./tpm/list-commands.ts')).tpmCommands(options, io)));

  tpm
    .command('serve')
    .description('Serve the embedded TPM to other programs: tpm2-tools, IBM TSS, OpenSSL, QEMU.')
    .option('--listen <where>', 'commands: unix:PATH, tcp:PORT (this machine only, default tcp:2321) or tcp:HOST:PORT')
    .option('--protocol <name>', 'swtpm: commands as they are (default); mssim: the protocol of the TCG simulator')
    .option('--ctrl <where>', "swtpm's control channel or the simulator's platform port; default with tcp: the next port")
    .option('--state <folder>', 'where its state is kept; without it the TPM is new, and gone at the end')
    .option('--startup <kind>', 'what it is told when it is switched on: clear (default), state, none')
    .option('--log <file>', 'write commands and responses as pcapng, for Wireshark')
    .option('--seed <seed>', 'where its chance comes from; default: the operating system')
    .option('-q, --quiet', 'say nothing of single connections')
    .action(async options => end(await (await import('./tpm/serve-tpm.ts')).tpmServe(options, io)));

  const tpmrm = program.command('tpmrm').description("The TPM's resource manager, as Linux has it.");
  tpmrm
    .command('serve')
    .description('Serve /dev/tpmrm0 on a socket: each connection is a space of its own.')
    .requiredOption('--listen <where>', 'unix:PATH, tcp:PORT (this machine only) or tcp:HOST:PORT')
    .option('--tpm <tpm>', 'the TPM behind it: "embedded", or where another one is reached')
    .option('--tpm-state <folder>', 'where the state of the embedded TPM is kept')
    .option('--seed <seed>', 'where the chance of the embedded TPM comes from')
    .addOption(swappingOption().default('eager'))
    .option('--allow-hardware', 'a TPM of this machine may be changed; without it, what changes it for good is refused')
    .option('-q, --quiet', 'say nothing of single connections')
    .action(async options => end(await (await import('./tpmrm/serve-spaces.ts')).tpmrmServe(options, io)));

  program
    .command('doctor')
    .description('Tell which TPMs and real programs can be used here, and how to get the others.')
    .action(async () => end((await import('./doctor/examine.ts')).doctor(io)));

  describeExitStatuses(program);
  return program;
}

function oneLine(text: string): string {
  if (text === '') throw new InvalidArgumentError('The name of a file is missing.');
  return text;
}

const several = (text: string, before: readonly string[]): readonly string[] => [...before, text];

const swappingOption = (): Option =>
  new Option(
    '--swapping <when>',
    'when a space of the resource manager leaves the TPM: after each command as Linux does, or when another needs it',
  ).choices(['eager', 'lazy']);
