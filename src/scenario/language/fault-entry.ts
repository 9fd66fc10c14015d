import { z } from 'zod';
import { responseCodes } from '../../tpm/wire/index.ts';

/** What goes wrong with a TPM, a guest's machine or a host without anybody's malice. */
export const FAULT = z.strictObject({
  host: z.string().optional().describe('Only with this host.'),
  command: z.string().optional().describe('Only at this TPM command, such as `TPM2_RSA_Decrypt`.'),
  occurrence: z.int().positive().optional().describe('At the how-manieth of them it begins; default: the first. Host boot does not count.'),
  times: z.int().positive().optional().describe('How many commands it strikes; default 1.'),
  fault: z
    .enum(['dies', 'silent', 'garbage', 'short', 'slow', 'code', 'machine-reset', 'power-loss'])
    .describe(
      '`dies`: the TPM is gone in mid-command, until it is reset. `silent`: it gives no response in time. `garbage`: what it gives is no response. ' +
        '`short`: half of the response is lost. `slow`: it takes its time. `code`: it answers with a response code. ' +
        '`machine-reset`: a guest is reset at an event, as soon as the hypervisor has control. `power-loss`: a host loses its power at an event.',
    ),
  event: z
    .int()
    .min(0)
    .optional()
    .describe('Of `machine-reset` and `power-loss`: number of the event from which on it may strike; default 0.'),
  guest: z.string().optional().describe('Of `machine-reset`: which guest; may be left out when there is only one.'),
  code: z
    .enum(responseCodes.map(({ name }) => `TPM_RC_${name}`))
    .optional()
    .describe('Of `code`: which one, such as TPM_RC_RETRY.'),
  ms: z.int().positive().optional().describe('Of `slow`: how long, in virtual milliseconds; default 30 000.'),
});
export type Fault = z.infer<typeof FAULT>;
