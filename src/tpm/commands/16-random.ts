import { UINT16 } from '../../bytes/index.ts';
import { command } from '../command.ts';
import { LARGEST_DIGEST, TPM_CC, TPM2B_DIGEST, TPM2B_SENSITIVE_DATA } from '../wire/index.ts';

// Part 3 §16.

export const TPM2_GetRandom = command({
  code: TPM_CC.GetRandom,
  name: 'TPM2_GetRandom',
  spec: 'Part 3 §16.1',
  handles: {},
  params: { bytesRequested: UINT16 },
  returns: { randomBytes: TPM2B_DIGEST },
  // Fewer bytes than asked are allowed: a TPM2B_DIGEST holds no more than one digest.
  run: (tpm, { bytesRequested }) => ({ randomBytes: tpm.bytes(Math.min(bytesRequested, LARGEST_DIGEST)) }),
});

export const TPM2_StirRandom = command({
  code: TPM_CC.StirRandom,
  name: 'TPM2_StirRandom',
  spec: 'Part 3 §16.2',
  handles: {},
  params: { inData: TPM2B_SENSITIVE_DATA },
  returns: {},
  nv: true,
  // The generator is the simulator's: what is stirred in must not make a run differ from its repetition.
  run: () => ({}),
});
