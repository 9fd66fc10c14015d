import { UINT16 } from '../../bytes/index.ts';
import { digest, equal } from '../../crypto/index.ts';
import { admin, command, plain, user } from '../command.ts';
import { FIRMWARE_VERSION } from '../model/capabilities.ts';
import { keyAt } from '../model/keys/objects.ts';
import { checkNvRead, nvAt, nvName } from '../model/nv/nv.ts';
import { effectiveSelection, pcrDigest } from '../model/pcr/pcr.ts';
import { attest, signerOf } from '../model/signing/attest.ts';
import { makeTicket } from '../model/signing/tickets.ts';
import { clockInfo, timeOf } from '../model/time.ts';
import { inParameter, refuse } from '../refusal.ts';
import {
  hashName,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_ST,
  TPM2B_ATTEST,
  TPM2B_DATA,
  TPM2B_DIGEST,
  TPMI_DH_OBJECT,
  TPMI_DH_OBJECT_NULL,
  TPMI_RH_ENDORSEMENT,
  TPMI_RH_NV_AUTH,
  TPMI_RH_NV_INDEX,
  TPML_PCR_SELECTION,
  TPMT_SIG_SCHEME,
  TPMT_SIGNATURE_NULL,
  TPMT_TK_CREATION,
} from '../wire/index.ts';

// Part 3 §18, and §31.16 of the NV chapter.

const signHandle = user(TPMI_DH_OBJECT_NULL);
const signature = TPMT_SIGNATURE_NULL;

export const TPM2_Certify = command({
  code: TPM_CC.Certify,
  name: 'TPM2_Certify',
  spec: 'Part 3 §18.2',
  handles: { objectHandle: admin(TPMI_DH_OBJECT), signHandle },
  params: { qualifyingData: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME },
  returns: { certifyInfo: TPM2B_ATTEST, signature },
  run(tpm, { objectHandle, signHandle, qualifyingData, inScheme }) {
    const signer = signerOf(tpm, signHandle, inScheme, { handle: 2, inScheme: 2 });
    const { name, qualifiedName } = keyAt(tpm, objectHandle);
    const { attestation, signature } = attest(tpm, signer, qualifyingData, { type: TPM_ST.ATTEST_CERTIFY, name, qualifiedName });
    return { certifyInfo: attestation, signature };
  },
});

export const TPM2_CertifyCreation = command({
  code: TPM_CC.CertifyCreation,
  name: 'TPM2_CertifyCreation',
  spec: 'Part 3 §18.3',
  handles: { signHandle, objectHandle: plain(TPMI_DH_OBJECT) },
  params: { qualifyingData: TPM2B_DATA, creationHash: TPM2B_DIGEST, inScheme: TPMT_SIG_SCHEME, creationTicket: TPMT_TK_CREATION },
  returns: { certifyInfo: TPM2B_ATTEST, signature },
  run(tpm, { signHandle, objectHandle, qualifyingData, creationHash, inScheme, creationTicket }) {
    const signer = signerOf(tpm, signHandle, inScheme, { handle: 1, inScheme: 3 });
    const { name } = keyAt(tpm, objectHandle);
    const wanted = makeTicket(tpm, TPM_ST.CREATION, creationTicket.hierarchy, name, creationHash);
    if (!equal(creationTicket.digest, wanted.digest)) refuse(inParameter(4, TPM_RC.TICKET));
    const { attestation, signature } = attest(tpm, signer, qualifyingData, {
      type: TPM_ST.ATTEST_CREATION,
      objectName: name,
      creationHash,
    });
    return { certifyInfo: attestation, signature };
  },
});

export const TPM2_Quote = command({
  code: TPM_CC.Quote,
  name: 'TPM2_Quote',
  spec: 'Part 3 §18.4',
  handles: { signHandle },
  params: { qualifyingData: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME, PCRselect: TPML_PCR_SELECTION },
  returns: { quoted: TPM2B_ATTEST, signature },
  run(tpm, { signHandle, qualifyingData, inScheme, PCRselect }) {
    const signer = signerOf(tpm, signHandle, inScheme, { handle: 1, inScheme: 2 });
    if (signer.scheme.hashAlg === TPM_ALG.NULL) refuse(inParameter(2, TPM_RC.SCHEME));
    const { attestation, signature } = attest(tpm, signer, qualifyingData, {
      type: TPM_ST.ATTEST_QUOTE,
      pcrSelect: effectiveSelection(tpm, PCRselect),
      pcrDigest: pcrDigest(tpm, signer.scheme.hashAlg, PCRselect),
    });
    return { quoted: attestation, signature };
  },
});

export const TPM2_GetTime = command({
  code: TPM_CC.GetTime,
  name: 'TPM2_GetTime',
  spec: 'Part 3 §18.7',
  handles: { privacyAdminHandle: user(TPMI_RH_ENDORSEMENT), signHandle },
  params: { qualifyingData: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME },
  returns: { timeInfo: TPM2B_ATTEST, signature },
  // The privacy administrator agrees, so that this time nothing is shifted.
  run(tpm, { signHandle, qualifyingData, inScheme }) {
    const signer = signerOf(tpm, signHandle, inScheme, { handle: 2, inScheme: 2 });
    const { attestation, signature } = attest(tpm, signer, qualifyingData, {
      type: TPM_ST.ATTEST_TIME,
      time: { time: timeOf(tpm), clockInfo: clockInfo(tpm) },
      firmwareVersionOfTime: FIRMWARE_VERSION,
    });
    return { timeInfo: attestation, signature };
  },
});

export const TPM2_NV_Certify = command({
  code: TPM_CC.NV_Certify,
  name: 'TPM2_NV_Certify',
  spec: 'Part 3 §31.16',
  handles: { signHandle, authHandle: user(TPMI_RH_NV_AUTH), nvIndex: plain(TPMI_RH_NV_INDEX) },
  params: { qualifyingData: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME, size: UINT16, offset: UINT16 },
  returns: { certifyInfo: TPM2B_ATTEST, signature },
  run(tpm, { signHandle, authHandle, nvIndex, qualifyingData, inScheme, size, offset }) {
    const signer = signerOf(tpm, signHandle, inScheme, { handle: 1, inScheme: 2 });
    checkNvRead(tpm, authHandle, nvIndex);
    const { data } = nvAt(tpm, nvIndex);
    if (size + offset > data.length) refuse(TPM_RC.NV_RANGE);
    if (size > LARGEST_BUFFER) refuse(inParameter(3, TPM_RC.VALUE));
    const indexName = nvName(tpm, nvIndex);
    // Neither size nor offset asks for the digest of all contents.
    const { hashAlg } = signer.scheme;
    const attested =
      size === 0 && offset === 0
        ? {
            type: TPM_ST.ATTEST_NV_DIGEST,
            indexName,
            nvDigest: hashAlg === TPM_ALG.NULL ? new Uint8Array(0) : digest(hashName(hashAlg), data),
          }
        : { type: TPM_ST.ATTEST_NV, indexName, offset, nvContents: data.slice(offset, offset + size) };
    const { attestation, signature } = attest(tpm, signer, qualifyingData, attested);
    return { certifyInfo: attestation, signature };
  },
});
const LARGEST_BUFFER = 1024;
