import { UINT32 } from '../../../src/bytes/index.ts';
import { command } from '../../../src/tpm/command.ts';
import { inParameter, refuse } from '../../../src/tpm/refusal.ts';
import { TPM_CC, TPM_RC, TPM2B_MAX_BUFFER } from '../../../src/tpm/wire/index.ts';

// Part 3 §27: Field Upgrade. This TPM has none of it, as swtpm has none.

const BLOCK_BYTES = 1024;
const FIRMWARE = new Uint8Array(1500).fill(0xf1);

export const TPM2_FirmwareRead = command({
  code: TPM_CC.FirmwareRead,
  name: 'TPM2_FirmwareRead',
  spec: 'Part 3 §27.4',
  handles: {},
  params: { sequenceNumber: UINT32 },
  returns: { fuData: TPM2B_MAX_BUFFER },
  run(_tpm, { sequenceNumber }) {
    const start = sequenceNumber * BLOCK_BYTES;
    // The block after the last one is empty: so the reader learns that there is no more.
    if (start >= FIRMWARE.length + BLOCK_BYTES) refuse(inParameter(1, TPM_RC.VALUE));
    return { fuData: FIRMWARE.slice(start, start + BLOCK_BYTES) };
  },
});
