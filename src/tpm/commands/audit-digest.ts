import { digest } from '../../crypto/index.ts';
import { command, plain, user } from '../command.ts';
import { findSession } from '../model/sessions/sessions.ts';
import { attest, signerOf } from '../model/signing/attest.ts';
import { inHandle, refuse } from '../refusal.ts';
import { u32 } from '../session-crypto.ts';
import {
  hashName,
  TPM_CC,
  TPM_RC,
  TPM_ST,
  TPM2B_ATTEST,
  TPM2B_DATA,
  TPMI_DH_OBJECT_NULL,
  TPMI_RH_ENDORSEMENT,
  TPMI_SH_HMAC,
  TPMT_SIG_SCHEME,
  TPMT_SIGNATURE_NULL,
} from '../wire/index.ts';

// Part 3 §18: attestations of what was audited. The privacy administrator must agree.

const privacyHandle = user(TPMI_RH_ENDORSEMENT);
const signHandle = user(TPMI_DH_OBJECT_NULL);
const params = { qualifyingData: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME };
const returns = { auditInfo: TPM2B_ATTEST, signature: TPMT_SIGNATURE_NULL };

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
