import { list, sized, struct, UINT16, UINT32 } from '../bytes/index.ts';
import { type CommandRecord, user } from './record.ts';
import {
  TPM_CAP_TYPE,
  TPM_EO_TYPE,
  TPM_HANDLE,
  TPM2B_AUTH,
  TPM2B_DIGEST,
  TPM2B_ECC_POINT,
  TPM2B_NAME,
  TPMI_YES_NO,
  TPMT_HA_NULL,
  TPMT_KDF_SCHEME,
  TPMT_SIGNATURE,
} from './wire/index.ts';

// Commands of Part 3 that this TPM does not have and other TPMs do: for reading their traffic. Up to 0x19a they are in revision 1.59,
// the others came with 1.83.

const TPM2B_MAX_BUFFER = sized('TPM2B_MAX_BUFFER');
const TPM2B_NV_PUBLIC_2 = sized('TPM2B_NV_PUBLIC_2');
const TPMS_AC_OUTPUT = struct('TPMS_AC_OUTPUT', 'Part 2 §16.3', { tag: UINT32, data: UINT32 });
const TPML_AC_CAPABILITIES = list('TPML_AC_CAPABILITIES', TPMS_AC_OUTPUT);

const declared = (
  code: number,
  name: string,
  spec: string,
  rest: Pick<CommandRecord, 'handles' | 'params' | 'returns'>,
): CommandRecord => ({
  code,
  name: `TPM2_${name}`,
  spec,
  ...rest,
});
const handle = user(TPM_HANDLE);

const COMMANDS: readonly CommandRecord[] = [
  declared(0x12f, 'FieldUpgradeStart', 'Part 3 §27.2', {
    handles: { authorization: handle, keyHandle: handle },
    params: { fuDigest: TPM2B_DIGEST, manifestSignature: TPMT_SIGNATURE },
    returns: {},
  }),
  declared(0x141, 'FieldUpgradeData', 'Part 3 §27.3', {
    handles: {},
    params: { fuData: TPM2B_MAX_BUFFER },
    returns: { nextDigest: TPMT_HA_NULL, firstDigest: TPMT_HA_NULL },
  }),
  declared(0x179, 'FirmwareRead', 'Part 3 §27.4', {
    handles: {},
    params: { sequenceNumber: UINT32 },
    returns: { fuData: TPM2B_MAX_BUFFER },
  }),
  declared(0x194, 'AC_GetCapability', 'Part 3 §32.2', {
    handles: { ac: handle },
    params: { capability: UINT32, count: UINT32 },
    returns: { moreData: TPMI_YES_NO, capabilitiesData: TPML_AC_CAPABILITIES },
  }),
  declared(0x195, 'AC_Send', 'Part 3 §32.3', {
    handles: { sendObject: handle, authHandle: handle, ac: handle },
    params: { acDataIn: TPM2B_MAX_BUFFER },
    returns: { acDataOut: TPMS_AC_OUTPUT },
  }),
  declared(0x196, 'Policy_AC_SendSelect', 'Part 3 §32.4', {
    handles: { policySession: handle },
    params: { objectName: TPM2B_NAME, authHandleName: TPM2B_NAME, acName: TPM2B_NAME, includeObject: TPMI_YES_NO },
    returns: {},
  }),
  declared(0x198, 'ACT_SetTimeout', 'Part 3 §33.2', { handles: { actHandle: handle }, params: { startTimeout: UINT32 }, returns: {} }),
  declared(0x199, 'ECC_Encrypt', 'Part 3 §14.8', {
    handles: { keyHandle: handle },
    params: { plainText: TPM2B_MAX_BUFFER, inScheme: TPMT_KDF_SCHEME },
    returns: { C1: TPM2B_ECC_POINT, C2: TPM2B_MAX_BUFFER, C3: TPM2B_DIGEST },
  }),
  declared(0x19a, 'ECC_Decrypt', 'Part 3 §14.9', {
    handles: { keyHandle: handle },
    params: { C1: TPM2B_ECC_POINT, C2: TPM2B_MAX_BUFFER, C3: TPM2B_DIGEST, inScheme: TPMT_KDF_SCHEME },
    returns: { plainText: TPM2B_MAX_BUFFER },
  }),
  declared(0x19b, 'PolicyCapability', 'Part 3, revision 1.83', {
    handles: { policySession: handle },
    params: { operandB: TPM2B_DIGEST, offset: UINT16, operation: TPM_EO_TYPE, capability: TPM_CAP_TYPE, property: UINT32 },
    returns: {},
  }),
  declared(0x19c, 'PolicyParameters', 'Part 3, revision 1.83', {
    handles: { policySession: handle },
    params: { pHash: TPM2B_DIGEST },
    returns: {},
  }),
  declared(0x19d, 'NV_DefineSpace2', 'Part 3, revision 1.83', {
    handles: { authHandle: handle },
    params: { auth: TPM2B_AUTH, publicInfo: TPM2B_NV_PUBLIC_2 },
    returns: {},
  }),
  declared(0x19e, 'NV_ReadPublic2', 'Part 3, revision 1.83', {
    handles: { nvIndex: handle },
    params: {},
    returns: { nvPublic: TPM2B_NV_PUBLIC_2, nvName: TPM2B_NAME },
  }),
  declared(0x19f, 'SetCapability', 'Part 3, revision 1.83', {
    handles: { authHandle: handle },
    params: { setCapabilityData: sized('TPM2B_SET_CAPABILITY_DATA') },
    returns: {},
  }),
  declared(0x1a0, 'ReadOnlyControl', 'Part 3, revision 1.83', {
    handles: { authHandle: handle },
    params: { state: TPMI_YES_NO },
    returns: {},
  }),
  declared(0x1a1, 'PolicyTransportSPDM', 'Part 3, revision 1.83', {
    handles: { policySession: handle },
    params: { reqKeyName: TPM2B_NAME, tpmKeyName: TPM2B_NAME },
    returns: {},
  }),
];

/** Commands that other TPMs have, by code. */
export const otherCommands: ReadonlyMap<number, CommandRecord> = new Map(COMMANDS.map(command => [command.code, command]));
