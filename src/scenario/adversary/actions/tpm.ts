import { z } from 'zod';
import { resetTpmOf } from '../../run/tpm-reset.ts';
import { callAction } from '../action.ts';
import type { Moment } from '../points.ts';
import { OWN_COMMAND, runOwn } from '../tpm-commands.ts';
import { inOwnSpace, PROGRAMS, type Program, runProgram } from '../tpm-program.ts';

/** Before the first command and before the one that matters: enough for a search. */
const worthTrying = ({ call, command }: Moment): boolean =>
  call === 'H_SVM_INIT_START' || call === 'H_SVM_INIT_DONE' || (call === 'H_TPM_COMM' && command === 'TPM2_RSA_Decrypt');

export const tpm = callAction({
  name: 'tpm',
  about: 'Runs TPM commands of its own before the hypercall is handled, in a space of its own beside the one of spapr-tpm-proxy.',
  at: ['hypercall'],
  fields: {
    program: z
      .enum(Object.keys(PROGRAMS) as [Program, ...Program[]])
      .optional()
      .describe(
        `A program that is known by name. ${Object.entries(PROGRAMS)
          .map(([name, text]) => `\`${name}\`: ${text}`)
          .join(' ')}`,
      ),
    commands: z.array(OWN_COMMAND).min(1).optional().describe('Or commands of your own, one after the other.'),
  },
  variants: moment => (worthTrying(moment) ? (Object.keys(PROGRAMS) as Program[]).map(program => ({ program })) : []),
  async before(_plan, { program, commands = [] }, { host, world, lpid, tell }) {
    if (program !== undefined) {
      tell('TPM', `runs the program ${program}`);
      tell('TPM', `${program}: ${await runProgram(program, host, world, lpid)}`);
    }
    if (commands.length > 0) tell('TPM', await inOwnSpace(host, world, client => runOwn(client, commands)));
  },
});

export const resetTpm = callAction({
  name: 'reset-tpm',
  about: 'Resets the TPM before the hypercall is handled: power off and on, sessions and PCRs are gone.',
  at: ['hypercall'],
  fields: {},
  withholds: true,
  variants: moment => (worthTrying(moment) ? [{}] : []),
  async before(_plan, _fields, { host, tell }) {
    tell('TPM', 'is switched off and on');
    await resetTpmOf(host);
  },
});
