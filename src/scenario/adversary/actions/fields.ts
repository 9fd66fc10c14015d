import { z } from 'zod';
import { withTpmHeader } from '../../../spec/index.ts';
import { rcOfName, responseCodes, TPM_RC, TPM_ST } from '../../../tpm/wire/index.ts';
import { bytesAction } from '../action.ts';
import { where } from '../scene.ts';

const CODE = z.enum(responseCodes.map(({ name }) => `TPM_RC_${name}`));

export const setField = bytesAction({
  name: 'set-field',
  about: 'Gives a number in a TPM message another value; the field keeps its width.',
  at: ['tpm-request', 'tpm-response'],
  fields: {
    field: z.string().min(1).describe('Which one, such as `responseCode` or `handles.keyHandle`.'),
    value: z
      .union([z.int().min(0), z.string().regex(/^0x[0-9a-fA-F]+$/, 'is no number: write 4096 or 0x1000'), CODE])
      .describe('Its value: a number, or the name of a response code.'),
  },
  variants: ({ fields = [] }) =>
    fields.flatMap((field): { field: string; value: string | number }[] => {
      if (field.startsWith('handles.')) return [{ field, value: 0x8180_0000 }];
      return field === 'responseCode' ? [{ field, value: 'TPM_RC_RETRY' }] : [];
    }),
  apply(bytes, { field, value }, scene) {
    const number = typeof value === 'string' ? (rcOfName(value) ?? Number(value)) : value;
    scene.tell(where(scene), `${field} becomes ${value}`);
    return bytes.map((_, i) => Number((BigInt(number) >> BigInt(8 * (bytes.length - 1 - i))) & 0xffn));
  },
});

export const respond = bytesAction({
  name: 'respond',
  about: "Puts a response with a code of the TPM's in the place of the true one.",
  at: ['tpm-response'],
  fields: { code: CODE.describe('Which one, such as `TPM_RC_LOCKOUT`.') },
  withholds: true,
  variants: () => ['TPM_RC_LOCKOUT', 'TPM_RC_RETRY', 'TPM_RC_FAILURE'].map(code => ({ code })),
  apply(_bytes, { code }, scene) {
    scene.tell(where(scene), `is answered with ${code} in place of the TPM's response`);
    return withTpmHeader(TPM_ST.NO_SESSIONS, rcOfName(code) ?? TPM_RC.FAILURE);
  },
});
