import { z } from 'zod';
import { NAME } from '../language/values.ts';
import { type Moment, type Point, REGIONS, type Region } from './moment.ts';

/** Which moments a rule means. */
export const SELECTORS = {
  host: z.string().optional().describe('Only on this host.'),
  guest: z.string().optional().describe('Only for this guest.'),
  call: z.string().optional().describe('Only at this hypercall or ultracall, such as `H_SVM_INIT_DONE`.'),
  command: z.string().optional().describe('Only at this TPM command, such as `TPM2_RSA_Decrypt`.'),
  region: z.enum(REGIONS).optional().describe('Only for this part of what was loaded into the guest.'),
  occurrence: z
    .union([z.int().positive(), z.literal('every')])
    .optional()
    .describe('The how-manieth moment that fits the other selectors; default: the first. `every`: each of them.'),
  name: NAME.optional().describe('A name of your own for this rule.'),
};
export interface Selectors {
  readonly host?: string | undefined;
  readonly guest?: string | undefined;
  readonly call?: string | undefined;
  readonly command?: string | undefined;
  readonly region?: Region | undefined;
  readonly occurrence?: number | 'every' | undefined;
}

/** Whether a rule of this point and these selectors means the moment, its number aside. */
export function fits(at: Point, { guest, call, command, region }: Selectors, moment: Moment): boolean {
  return (
    at === moment.point &&
    (guest === undefined || guest === moment.guest) &&
    (call === undefined || call === moment.call) &&
    (command === undefined || command === moment.command) &&
    (region === undefined || region === moment.region)
  );
}
