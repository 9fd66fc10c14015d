import { hex } from '../bytes/index.ts';
import type { Inspected } from '../trace/index.ts';
import { HEADER_BYTES, u16, u32 } from './message.ts';

// TPM 1.2 (TPM Main Part 2, revision 116): ordinals of §17, return codes of §16, tags of §6. Only the header is taken apart.

const TAGS: Readonly<Record<number, string>> = {
  193: 'TPM_TAG_RQU_COMMAND',
  194: 'TPM_TAG_RQU_AUTH1_COMMAND',
  195: 'TPM_TAG_RQU_AUTH2_COMMAND',
  196: 'TPM_TAG_RSP_COMMAND',
  197: 'TPM_TAG_RSP_AUTH1_COMMAND',
  198: 'TPM_TAG_RSP_AUTH2_COMMAND',
};

/** By number; a gap in the numbers is an empty name. */
const ORDINALS: ReadonlyMap<number, string> = new Map(
  Object.entries({
    10: 'OIAP OSAP ChangeAuth TakeOwnership ChangeAuthAsymStart ChangeAuthAsymFinish ChangeAuthOwner DSAP CMK_CreateTicket CMK_CreateKey',
    20: 'Extend PcrRead Quote Seal Unseal DirWriteAuth DirRead CMK_CreateBlob CMK_SetRestrictions CMK_ApproveMA UnBind CreateWrapKey LoadKey',
    33: 'GetPubKey EvictKey KeyControlOwner CMK_ConvertMigration MigrateKey',
    40: 'CreateMigrationBlob DAA_Join ConvertMigrationBlob AuthorizeMigrationKey CreateMaintenanceArchive LoadMaintenanceArchive',
    46: 'KillMaintenanceFeature LoadManuMaintPub ReadManuMaintPub DAA_Sign CertifyKey CertifyKey2',
    60: 'Sign Sealx Quote2 SetCapability ResetLockValue LoadKey2',
    70: 'GetRandom StirRandom',
    80: 'SelfTestFull SelfTestStartup CertifySelfTest ContinueSelfTest GetTestResult',
    90: 'Reset OwnerClear DisableOwnerClear ForceClear DisableForceClear',
    100: 'GetCapabilitySigned GetCapability GetCapabilityOwner',
    110: 'OwnerSetDisable PhysicalEnable PhysicalDisable SetOwnerInstall PhysicalSetDeactivated SetTempDeactivated',
    120: 'CreateEndorsementKeyPair MakeIdentity ActivateIdentity',
    124: 'ReadPubek OwnerReadPubek DisablePubekRead CreateRevocableEK RevokeTrust OwnerReadInternalPub GetAuditEvent GetAuditEventSigned',
    133: 'GetAuditDigest GetAuditDigestSigned',
    140: 'GetOrdinalAuditStatus SetOrdinalAuditStatus',
    150: 'Terminate_Handle Init SaveState Startup SetRedirection',
    160: 'SHA1Start SHA1Update SHA1Complete SHA1CompleteExtend',
    170: 'FieldUpgrade',
    180: 'SaveKeyContext LoadKeyContext SaveAuthContext LoadAuthContext SaveContext LoadContext FlushSpecific',
    200: 'PCR_Reset',
    204: 'NV_DefineSpace NV_WriteValue NV_WriteValueAuth NV_ReadValue NV_ReadValueAuth Delegate_UpdateVerification Delegate_Manage',
    212: 'Delegate_CreateKeyDelegation Delegate_CreateOwnerDelegation Delegate_VerifyDelegation',
    216: 'Delegate_LoadOwnerDelegation',
    219: 'Delegate_ReadTable CreateCounter IncrementCounter ReadCounter ReleaseCounter ReleaseCounterOwner',
    230: 'EstablishTransport ExecuteTransport ReleaseTransportSigned',
    241: 'GetTicks TickStampBlob',
    1073741834: 'PhysicalPresence ResetEstablishmentBit',
  }).flatMap(([first, names]) => names.split(' ').map((name, i) => [Number(first) + i, name] as const)),
);
const VENDOR = 0x2000_0000;

const CODES =
  'SUCCESS AUTHFAIL BADINDEX BAD_PARAMETER AUDITFAILURE CLEAR_DISABLED DEACTIVATED DISABLED DISABLED_CMD FAIL BAD_ORDINAL INSTALL_DISABLED ' +
  'INVALID_KEYHANDLE KEYNOTFOUND INAPPROPRIATE_ENC MIGRATEFAIL INVALID_PCR_INFO NOSPACE NOSRK NOTSEALED_BLOB OWNER_SET RESOURCES SHORTRANDOM ' +
  'SIZE WRONGPCRVAL BAD_PARAM_SIZE SHA_THREAD SHA_ERROR FAILEDSELFTEST AUTH2FAIL BADTAG IOERROR ENCRYPT_ERROR DECRYPT_ERROR INVALID_AUTHHANDLE ' +
  'NO_ENDORSEMENT INVALID_KEYUSAGE WRONG_ENTITYTYPE INVALID_POSTINIT INAPPROPRIATE_SIG BAD_KEY_PROPERTY BAD_MIGRATION BAD_SCHEME BAD_DATASIZE ' +
  'BAD_MODE BAD_PRESENCE BAD_VERSION NO_WRAP_TRANSPORT';
const RETURN_CODES: ReadonlyMap<number, string> = new Map([
  ...CODES.split(' ').map((name, code) => [code, name] as const),
  [0x800, 'RETRY'],
  [0x801, 'NEEDS_SELFTEST'],
  [0x802, 'DOING_SELFTEST'],
  [0x803, 'DEFEND_LOCK_RUNNING'],
]);

/** `TPM_ORD_GetTicks`; the number when the standard has none. */
export function ordinalName(ordinal: number): string {
  const known = ORDINALS.get(ordinal);
  if (known) return `${ordinal >= 0x4000_0000 ? 'TSC' : 'TPM'}_ORD_${known}`;
  return ordinal & VENDOR ? `vendor ordinal ${hex(ordinal, 8)}` : `TPM 1.2 ordinal ${hex(ordinal, 8)}`;
}

/** A TPM 1.2 message: its header, and the rest as bytes. `ordinal`: of the command that a response answers, where it is known. */
export function inspectTpm12(bytes: Uint8Array, kind: 'command' | 'response', ordinal?: number): Inspected {
  const number = u32(bytes, 6);
  const code = kind === 'command' ? number : ordinal;
  const said = RETURN_CODES.get(number);
  const rcName = said ? `TPM_${said}` : number & 0x400 ? 'vendor return code' : 'unknown';
  const rc = { code: number, text: `${rcName} (${hex(number, 8)})` };
  const last =
    kind === 'command'
      ? { path: 'ordinal', type: 'TPM_COMMAND_CODE', text: `${ordinalName(number)} (${hex(number, 8)})` }
      : { path: 'returnCode', type: 'TPM_RESULT', text: rc.text };
  const head = [
    { path: 'tag', type: 'TPM_TAG', offset: 0, length: 2, text: `${TAGS[u16(bytes, 0)]} (${hex(u16(bytes, 0), 4)})` },
    { path: 'paramSize', type: 'UINT32', offset: 2, length: 4, text: String(u32(bytes, 2)) },
    { ...last, offset: 6, length: 4 },
  ];
  const left = bytes.length - HEADER_BYTES;
  return {
    kind,
    tpm: '1.2',
    name: code === undefined ? undefined : ordinalName(code),
    code,
    ...(kind === 'response' && { rc }),
    fields: left > 0 ? [...head, { path: 'parameters', type: 'bytes', offset: HEADER_BYTES, length: left }] : head,
  };
}
