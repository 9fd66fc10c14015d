import { z } from 'zod';
import type { AnyAction } from './action.ts';
import type { Point } from './moment.ts';
import { SELECTORS, type Selectors } from './selectors.ts';

/** A rule as the scenario has it: which action, when, and with what. */
export interface Rule extends Selectors {
  readonly do: string;
  readonly at: Point;
  readonly [field: string]: unknown;
}

/** For actions on the bytes of a TPM message: the field whose contents are meant. */
const OF_A_MESSAGE = {
  field: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Of a TPM message: only the contents of this field, by its name, such as `parameters.cipherText`, `sessions[0].nonceCaller`, ' +
        '`handles.keyHandle`, `responseCode`.',
    ),
  sizes: z
    .enum(['fixed', 'kept'])
    .optional()
    .describe('With `field`: lengths that count it are made right again (default), or stay as they were.'),
};

/** Whether an action can mean a field of a TPM message. */
const takesField = ({ kind, at }: AnyAction): boolean => kind === 'bytes' && at.some(point => point.startsWith('tpm-'));

/** The schema of a rule with this action. */
export function ruleSchema(action: AnyAction) {
  const fields: z.ZodRawShape = action.fields;
  return z
    .strictObject({
      do: z.literal(action.name).describe(action.about),
      at: z.enum(action.at).describe('The point at which it happens.'),
      ...SELECTORS,
      ...(takesField(action) ? OF_A_MESSAGE : {}),
      ...fields,
    })
    .describe(action.about);
}
