import { tpmCrb } from './crb/tpm-crb.ts';
import type { Frontend } from './frontend.ts';
import { tpmTisI2c } from './i2c/tpm-tis-i2c.ts';
import { tpmSpapr } from './spapr.ts';
import { tpmTis, tpmTisDevice } from './tis/tpm-tis.ts';

/** QEMU's TPM devices: to add one, one more record. */
export const FRONTENDS: readonly Frontend[] = [tpmTis, tpmTisDevice, tpmCrb, tpmTisI2c, tpmSpapr];
