import { command, user } from '../command.ts';
import {
  digestsOf,
  endSequence,
  extended,
  macOf,
  sequenceAt,
  startEventSequence,
  startHashSequence,
  startHmacSequence,
  updateSequence,
} from '../model/keys/sequences.ts';
import { extendPcr, mayExtend } from '../model/pcr/pcr.ts';
import { hashTicket, nullTicket } from '../model/signing/tickets.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import {
  hashId,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_RH,
  TPM_ST,
  TPM2B_AUTH,
  TPM2B_DIGEST,
  TPM2B_MAX_BUFFER,
  TPMI_ALG_HASH_NULL,
  TPMI_ALG_MAC_SCHEME_NULL,
  TPMI_DH_OBJECT,
  TPMI_DH_PCR_NULL,
  TPMI_RH_HIERARCHY_NULL,
  TPML_DIGEST_VALUES,
  TPMT_TK_HASHCHECK,
} from '../wire/index.ts';

// Part 3 §17: Hash/HMAC/Event Sequences. libtpms has HMAC_Start as TPM2_MAC_Start: same bytes, the checks in its order.

export const TPM2_HMAC_Start = command({
  code: TPM_CC.HMAC_Start,
  name: 'TPM2_HMAC_Start',
  spec: 'Part 3 §17.2',
  handles: { handle: user(TPMI_DH_OBJECT) },
  params: { auth: TPM2B_AUTH, hashAlg: TPMI_ALG_MAC_SCHEME_NULL },
  returnsHandle: 'sequenceHandle',
  returns: {},
  run: (tpm, { handle, auth, hashAlg }) => ({ sequenceHandle: startHmacSequence(tpm, macOf(tpm, handle, hashAlg), auth) }),
});

export const TPM2_HashSequenceStart = command({
  code: TPM_CC.HashSequenceStart,
  name: 'TPM2_HashSequenceStart',
  spec: 'Part 3 §17.4',
  handles: {},
  params: { auth: TPM2B_AUTH, hashAlg: TPMI_ALG_HASH_NULL },
  returnsHandle: 'sequenceHandle',
  returns: {},
  run: (tpm, { auth, hashAlg }) => ({
    sequenceHandle: hashAlg === TPM_ALG.NULL ? startEventSequence(tpm, auth) : startHashSequence(tpm, hashAlg, auth),
  }),
});

export const TPM2_SequenceUpdate = command({
  code: TPM_CC.SequenceUpdate,
  name: 'TPM2_SequenceUpdate',
  spec: 'Part 3 §17.6',
  handles: { sequenceHandle: user(TPMI_DH_OBJECT) },
  params: { buffer: TPM2B_MAX_BUFFER },
  returns: {},
  run(tpm, { sequenceHandle, buffer }) {
    // libtpms blames parameter 1, though the sequence is a handle (06: sequenceupdate-not-sequence).
    const sequence = sequenceAt(tpm, sequenceHandle, ['hash', 'hmac', 'event'], inParameter(1, TPM_RC.MODE));
    updateSequence(tpm, sequenceHandle, sequence, buffer);
    return {};
  },
});

export const TPM2_SequenceComplete = command({
  code: TPM_CC.SequenceComplete,
  name: 'TPM2_SequenceComplete',
  spec: 'Part 3 §17.7',
  handles: { sequenceHandle: user(TPMI_DH_OBJECT) },
  params: { buffer: TPM2B_MAX_BUFFER, hierarchy: TPMI_RH_HIERARCHY_NULL },
  returns: { result: TPM2B_DIGEST, validation: TPMT_TK_HASHCHECK },
  flushed: true,
  run(tpm, { sequenceHandle, buffer, hierarchy }, { afterwards }) {
    const sequence = extended(sequenceAt(tpm, sequenceHandle, ['hash', 'hmac'], inHandle(1, TPM_RC.MODE)), buffer);
    const result = digestsOf(sequence)[0]?.digest ?? new Uint8Array(0);
    const hashAlg = sequence.running[0]?.hashAlg ?? TPM_ALG.NULL;
    const worthy = hierarchy !== TPM_RH.NULL && sequence.ticketSafe === true;
    endSequence(tpm, sequenceHandle, afterwards);
    return { result, validation: worthy ? hashTicket(tpm, hierarchy, hashAlg, result) : nullTicket(TPM_ST.HASHCHECK) };
  },
});

export const TPM2_EventSequenceComplete = command({
  code: TPM_CC.EventSequenceComplete,
  name: 'TPM2_EventSequenceComplete',
  spec: 'Part 3 §17.8',
  handles: { pcrHandle: user(TPMI_DH_PCR_NULL), sequenceHandle: user(TPMI_DH_OBJECT) },
  params: { buffer: TPM2B_MAX_BUFFER },
  returns: { results: TPML_DIGEST_VALUES },
  nv: true,
  flushed: true,
  run(tpm, { pcrHandle, sequenceHandle, buffer }, { locality, afterwards }) {
    const sequence = sequenceAt(tpm, sequenceHandle, ['event'], inHandle(2, TPM_RC.MODE));
    if (pcrHandle !== TPM_RH.NULL && !mayExtend(tpm, pcrHandle, locality)) refuse(TPM_RC.LOCALITY);
    const results = digestsOf(extended(sequence, buffer));
    if (pcrHandle !== TPM_RH.NULL) for (const { hashAlg, digest } of results) extendPcr(tpm, pcrHandle, hashAlg, digest);
    endSequence(tpm, sequenceHandle, afterwards);
    return { results: results.map(({ hashAlg, digest }) => ({ hashAlg: hashId(hashAlg), digest })) };
  },
});
