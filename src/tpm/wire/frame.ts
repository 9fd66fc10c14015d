import { struct, UINT32 } from '../../bytes/index.ts';
import { TPMA_SESSION } from './attributes.ts';
import { TPM2B_AUTH, TPM2B_NONCE } from './buffers.ts';
import { TPM_CC_CODE, TPM_ST_TAG, TPMI_SH_AUTH_SESSION_PW } from './interface-types.ts';

// Part 1 §18: the frame around every command and response.

export const COMMAND_HEADER = struct('COMMAND_HEADER', 'Part 1 §18.2', { tag: TPM_ST_TAG, commandSize: UINT32, commandCode: TPM_CC_CODE });
export const RESPONSE_HEADER = struct('RESPONSE_HEADER', 'Part 1 §18.3', { tag: TPM_ST_TAG, responseSize: UINT32, responseCode: UINT32 });

/** Part 2 §10.13.2: one session of a command. */
export const TPMS_AUTH_COMMAND = struct('TPMS_AUTH_COMMAND', 'Part 2 §10.13.2', {
  sessionHandle: TPMI_SH_AUTH_SESSION_PW,
  nonce: TPM2B_NONCE,
  sessionAttributes: TPMA_SESSION,
  hmac: TPM2B_AUTH,
});
/** Part 2 §10.13.3: one session of a response. */
export const TPMS_AUTH_RESPONSE = struct('TPMS_AUTH_RESPONSE', 'Part 2 §10.13.3', {
  nonce: TPM2B_NONCE,
  sessionAttributes: TPMA_SESSION,
  hmac: TPM2B_AUTH,
});
/** More sessions than this are TPM_RC_SIZE, session 4. */
export const MAX_SESSION_NUM = 3;
