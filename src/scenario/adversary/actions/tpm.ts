import { z } from 'zod';
import { callAction } from '../action.ts';
import type { Moment } from '../moment.ts';
import { OWN_COMMAND, ownProblem } from '../own-commands/own-command.ts';
import { runOwn } from '../own-commands/send-own.ts';
import { programs } from '../programs/index.ts';

/** Before the first command and before the one that matters: enough for a search. */
const worthTrying = ({ call, command }: Moment): boolean =>
  call === 'H_SVM_INIT_START' || call === 'H_SVM_INIT_DONE' || (call === 'H_TPM_COMM' && command === 'TPM2_RSA_Decrypt');

export const tpm = callAction({
  name: 'tpm',
  about: 'Runs TPM commands of its own before the hypercall is handled, in a space of its own beside the one of spapr-tpm-proxy.',
  at: ['hypercall'],
  fields: {
    program: z
      .enum([...programs.keys()])
      .optional()
      .describe(`A program that is known by name. ${[...programs.values()].map(({ name, about }) => `\`${name}\`: ${about}`).join(' ')}`),
    commands: z.array(OWN_COMMAND).min(1).optional().describe('Or commands of your own, one after the other.'),
  },
  problems: ({ program, commands = [] }) =>
    program === undefined && commands.length === 0 ? [{ path: [], what: 'give "program" or "commands"' }] : commands.flatMap(ownProblem),
  variants: moment => (worthTrying(moment) ? [...programs.keys()].map(program => ({ program })) : []),
  async before(_plan, { program, commands = [] }, { reach, guest, tell }) {
    const known = program === undefined ? undefined : programs.get(program);
    if (known) {
      tell('TPM', `runs the program ${known.name}`);
      const { firmware } = reach;
      tell('TPM', `${known.name}: ${await reach.inOwnSpace(client => known.run({ client, guest, firmware }))}`);
    }
    if (commands.length > 0) tell('TPM', await reach.inOwnSpace(client => runOwn(client, commands)));
  },
});

export const resetTpm = callAction({
  name: 'reset-tpm',
  about: 'Resets the TPM before the hypercall is handled: power off and on, sessions and PCRs are gone.',
  at: ['hypercall'],
  fields: {},
  withholds: true,
  variants: moment => (worthTrying(moment) ? [{}] : []),
  async before(_plan, _fields, { reach, tell }) {
    tell('TPM', 'is switched off and on');
    await reach.resetTpm();
  },
});
