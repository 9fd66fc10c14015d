import { concat } from '../../bytes/index.ts';
import { digest, equal, toInteger } from '../../crypto/index.ts';
import { admin, command, plain, user } from '../command.ts';
import { der, derInteger, sequence, TAG } from '../model/crypto/der.ts';
import { keyAt } from '../model/keys/objects.ts';
import { effectiveSelection, pcrDigest } from '../model/pcr/pcr.ts';
import { findSession } from '../model/sessions/sessions.ts';
import { attest, signerOf } from '../model/signing/attest.ts';
import { sign } from '../model/signing/signing.ts';
import { makeTicket } from '../model/signing/tickets.ts';
import { extensionsFault, readPartial, signatureAlgorithm, subjectPublicKey } from '../model/signing/x509.ts';
import { clockInfo, timeOf } from '../model/time.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import { u32 } from '../session-crypto.ts';
import {
  hashName,
  isHash,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM_ST,
  TPM2B_ATTEST,
  TPM2B_DATA,
  TPM2B_DIGEST,
  TPM2B_MAX_BUFFER,
  TPMI_DH_OBJECT,
  TPMI_DH_OBJECT_NULL,
  TPMI_RH_ENDORSEMENT,
  TPMI_SH_HMAC,
  TPML_PCR_SELECTION,
  TPMT_SIG_SCHEME,
  TPMT_SIGNATURE,
  TPMT_SIGNATURE_NULL,
  TPMT_TK_CREATION,
} from '../wire/index.ts';

// Part 3 §18: Attestation Commands; NV_Certify stands with NV in the book too (§31.16).

const signHandle = user(TPMI_DH_OBJECT_NULL);
const signature = TPMT_SIGNATURE_NULL;

/** For attestations of what was audited and of the time the privacy administrator must agree. */
const privacyHandle = user(TPMI_RH_ENDORSEMENT);
const params = { qualifyingData: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME };
const returns = { auditInfo: TPM2B_ATTEST, signature: TPMT_SIGNATURE_NULL };

const VERSION_3 = derInteger(2n);
/** libtpms' SIZE_OF_X509_SERIAL_NUMBER. */
const SERIAL_BYTES = 20;

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

export const TPM2_GetSessionAuditDigest = command({
  code: TPM_CC.GetSessionAuditDigest,
  name: 'TPM2_GetSessionAuditDigest',
  spec: 'Part 3 §18.5',
  handles: { privacyAdminHandle: privacyHandle, signHandle, sessionHandle: plain(TPMI_SH_HMAC) },
  params,
  returns,
  run(tpm, { signHandle, sessionHandle, qualifyingData, inScheme }) {
    const signer = signerOf(tpm, signHandle, inScheme, { handle: 2, inScheme: 2 });
    const sessionDigest = findSession(tpm, sessionHandle)?.auditDigest ?? refuse(inHandle(3, TPM_RC.TYPE));
    const exclusiveSession = tpm.state.ram.exclusiveAuditSession === sessionHandle ? 1 : 0;
    const { attestation, signature } = attest(tpm, signer, qualifyingData, {
      type: TPM_ST.ATTEST_SESSION_AUDIT,
      exclusiveSession,
      sessionDigest,
    });
    return { auditInfo: attestation, signature };
  },
});

export const TPM2_GetCommandAuditDigest = command({
  code: TPM_CC.GetCommandAuditDigest,
  name: 'TPM2_GetCommandAuditDigest',
  spec: 'Part 3 §18.6',
  handles: { privacyHandle, signHandle },
  params,
  returns,
  nv: true,
  run(tpm, { signHandle, qualifyingData, inScheme }) {
    const signer = signerOf(tpm, signHandle, inScheme, { handle: 2, inScheme: 2 });
    const { permanent, reset } = tpm.state;
    const codes = [...permanent.auditCommands].sort((a, b) => a - b);
    const { attestation, signature } = attest(tpm, signer, qualifyingData, {
      type: TPM_ST.ATTEST_COMMAND_AUDIT,
      auditCounter: permanent.auditCounter,
      digestAlg: permanent.auditHashAlg,
      auditDigest: reset.commandAuditDigest,
      commandDigest: digest(hashName(permanent.auditHashAlg), ...codes.map(u32)),
    });
    // What was signed is told; the next audited command begins a new digest.
    if (signer.key) reset.commandAuditDigest = new Uint8Array(0);
    return { auditInfo: attestation, signature };
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
      firmwareVersionOfTime: tpm.behaviour.firmwareVersion,
    });
    return { timeInfo: attestation, signature };
  },
});

export const TPM2_CertifyX509 = command({
  code: TPM_CC.CertifyX509,
  name: 'TPM2_CertifyX509',
  spec: 'Part 3 §18.8',
  handles: { objectHandle: admin(TPMI_DH_OBJECT), signHandle: user(TPMI_DH_OBJECT_NULL) },
  params: { reserved: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME, partialCertificate: TPM2B_MAX_BUFFER },
  returns: { addedToCertificate: TPM2B_MAX_BUFFER, tbsDigest: TPM2B_DIGEST, signature: TPMT_SIGNATURE },
  run(tpm, { objectHandle, signHandle, reserved, inScheme, partialCertificate }) {
    if (reserved.length > 0) refuse(inParameter(1, TPM_RC.SIZE));
    // libtpms numbers the two handles the other way round.
    const [SIGNER, OBJECT] = [1, 2];
    const object = keyAt(tpm, objectHandle, inHandle(OBJECT, TPM_RC.ASYMMETRIC));
    const { key: signKey, scheme } = signerOf(tpm, signHandle, inScheme, { handle: SIGNER, inScheme: 2 });
    const subjectKey = subjectPublicKey(object.publicArea) ?? refuse(inHandle(OBJECT, TPM_RC.ASYMMETRIC));
    const partial = readPartial(partialCertificate);
    if (typeof partial === 'number') return refuse(inParameter(3, partial));
    // Without a key libtpms reads through a null pointer from here on.
    if (!signKey) return refuse(inHandle(SIGNER, TPM_RC.KEY));
    const algorithm = partial.signature ?? signatureAlgorithm(signKey.publicArea, scheme) ?? refuse(inHandle(SIGNER, TPM_RC.SCHEME));
    const fault = extensionsFault(tpm, partial.extensions, object.publicArea.objectAttributes);
    if (fault !== null) refuse(fault === TPM_RC.ATTRIBUTES ? inHandle(OBJECT, fault) : inParameter(3, fault));
    if (!isHash(scheme.hashAlg)) refuse(TPM_RC.SCHEME);

    const body = [algorithm, ...partial.issuerToSubject, subjectKey, partial.extensions];
    const hashed = digest(hashName(signKey.publicArea.nameAlg), ...body, signKey.name, object.name);
    const serial = derInteger(toInteger(hashed.subarray(0, SERIAL_BYTES)));
    const version = der(TAG.CONTEXT, VERSION_3);
    const tbsDigest = digest(hashName(scheme.hashAlg), sequence(version, serial, ...body));
    const added = [version, serial, ...(partial.signature ? [] : [algorithm]), subjectKey];
    return { addedToCertificate: sequence(concat(...added)), tbsDigest, signature: sign(tpm, signKey, scheme, tbsDigest) };
  },
});
