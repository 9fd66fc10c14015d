import { WRAPPING_KEY_HANDLE, wrappingKeyPolicies } from '../../../svm/wrapping-key/index.ts';
import { nameOf, TPM2_ReadPublic } from '../../../tpm/index.ts';
import { openLockboxes } from './lockboxes.ts';
import type { Program } from './program.ts';

export const decrypt: Program = {
  name: 'decrypt',
  about: 'Asks the TPM to open the lockbox without the password (threat 19).',
  /** By policy A, with a password that is guessed: empty. */
  async run({ client, guest, firmware }) {
    const { a, b } = wrappingKeyPolicies(firmware);
    const key = await client.call(TPM2_ReadPublic, { objectHandle: WRAPPING_KEY_HANDLE }, {});
    if (!key.ok) return 'no wrapping key';
    const name = nameOf(key.out.outPublic);
    const opened = await openLockboxes(client, guest, { handle: WRAPPING_KEY_HANDLE, name, password: new Uint8Array(0), branches: [a, b] });
    return opened > 0 ? `${opened} lockbox opened` : 'the TPM refuses: the password is not known';
  },
};
