import { digest } from '../../crypto/index.ts';
import { command } from '../command.ts';
import { hashTicket } from '../model/signing/ticket-kinds.ts';
import { isTicketSafe, nullTicket } from '../model/signing/tickets.ts';
import {
  hashName,
  TPM_CC,
  TPM_RH,
  TPM_ST,
  TPM2B_DIGEST,
  TPM2B_MAX_BUFFER,
  TPMI_ALG_HASH,
  TPMI_RH_HIERARCHY_NULL,
  TPMT_TK_HASHCHECK,
} from '../wire/index.ts';

// Part 3 §15.

export const TPM2_Hash = command({
  code: TPM_CC.Hash,
  name: 'TPM2_Hash',
  spec: 'Part 3 §15.4',
  handles: {},
  params: { data: TPM2B_MAX_BUFFER, hashAlg: TPMI_ALG_HASH, hierarchy: TPMI_RH_HIERARCHY_NULL },
  returns: { outHash: TPM2B_DIGEST, validation: TPMT_TK_HASHCHECK },
  run(tpm, { data, hashAlg, hierarchy }) {
    const outHash = digest(hashName(hashAlg), data);
    const worthy = hierarchy !== TPM_RH.NULL && isTicketSafe(data);
    return { outHash, validation: worthy ? hashTicket(tpm, hierarchy, hashAlg, outHash) : nullTicket(TPM_ST.HASHCHECK) };
  },
});
