import { digest } from '../../crypto/index.ts';
import { command, user } from '../command.ts';
import { extendPcr, mayExtend } from '../model/pcr/pcr.ts';
import { refuse } from '../refusal.ts';
import { HASHES, TPM_CC, TPM_RC, TPM_RH, TPM2B_EVENT, TPMI_DH_PCR_NULL, TPML_DIGEST_VALUES } from '../wire/index.ts';

export const TPM2_PCR_Event = command({
  code: TPM_CC.PCR_Event,
  name: 'TPM2_PCR_Event',
  spec: 'Part 3 §22.3',
  handles: { pcrHandle: user(TPMI_DH_PCR_NULL) },
  params: { eventData: TPM2B_EVENT },
  returns: { digests: TPML_DIGEST_VALUES },
  nv: true,
  run(tpm, { pcrHandle, eventData }, { locality }) {
    if (pcrHandle !== TPM_RH.NULL && !mayExtend(pcrHandle, locality)) refuse(TPM_RC.LOCALITY);
    const digests = HASHES.map(({ id, name }) => ({ hashAlg: id, digest: digest(name, eventData) }));
    if (pcrHandle !== TPM_RH.NULL) for (const { hashAlg, digest: value } of digests) extendPcr(tpm, pcrHandle, hashAlg, value);
    return { digests: digests as never };
  },
});
