import { type Command, Option } from '@commander-js/extra-typings';
import type { FlagsOf } from '../command.ts';
import { atLeast, GENERATION_ABOUT, milliseconds, several, swappingOption } from '../options.ts';

export const flags = (made: Command) =>
  made
    .argument('<file...>', 'scenario files, or folders of them')
    .option(
      '--reporter <name>',
      'also write the runs as junit, tap, github, sarif, json or terminal; "junit=FILE" into a file (may be given several times)',
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
    .option('--reseed', 'with --retries: each further try with a seed of its own, made of that of the scenario')
    .option('--strict', 'a rule of the adversary or a fault that never struck is a failure')
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
    .option('--ultravisor <where>', 'the Ultravisor of every host is your own program, which listens there: unix:PATH')
    .addOption(swappingOption())
    .option('--generation <which>', GENERATION_ABOUT)
    .option('--json', 'one JSON object a line on standard output')
    .option('--trace <file>', 'write every event to a file')
    .option('--report <file>', 'make one HTML page that shows the run')
    .option('--redact', 'without keys, passphrases and other secrets in what is written: trace, page, JSON')
    .addOption(new Option('-q, --quiet', 'verdicts only').conflicts('verbose'))
    .option('-v, --verbose', 'every event, with its fields and bytes');

export type RunFlags = FlagsOf<typeof flags>;
