import { type Difference, overlaid, type Version } from '../../sim/index.ts';
import { TPM_CC, TPMA_OBJECT } from '../wire/index.ts';
import type { PcrRule, TpmBehaviour } from './behaviour.ts';

const rule = (extend: number, reset: number, more: Partial<PcrRule> = {}): PcrRule => ({
  saved: false,
  counted: true,
  drtm: false,
  group: false,
  extend,
  reset,
  ...more,
});

/** PCRs 20 to 22 are the operating system's of a dynamic launch: who may reset them, and whether they have authorizations, differs. */
const pcrRules = (reset20: number, group: boolean): readonly PcrRule[] => [
  ...Array.from({ length: 16 }, () => rule(0b11111, 0, { saved: true })),
  rule(0b11111, 0b01111, { counted: false }), // 16: debug
  rule(0b11100, 0b10000, { drtm: true }), // 17
  rule(0b11100, 0b10000, { drtm: true }), // 18
  rule(0b01100, 0b10000, { drtm: true }), // 19
  rule(0b01110, reset20, { drtm: true, group }), // 20
  rule(0b00100, reset20, { drtm: true, group, counted: false }), // 21
  rule(0b00100, reset20, { drtm: true, group, counted: false }), // 22
  rule(0b11111, 0b01111, { counted: false }), // 23: application
];

const FAMILY_2_0 = 0x322e3000;
const LIMITED = TPMA_OBJECT.bit.firmwareLimited | TPMA_OBJECT.bit.svnLimited;
const AES_192 = ['TPMI_AES_KEY_BITS', [192]] as const;
const CAMELLIA_192 = ['TPMI_CAMELLIA_KEY_BITS', [192]] as const;
const ADDED_COMMANDS = [TPM_CC.ECC_Encrypt, TPM_CC.ECC_Decrypt, TPM_CC.PolicyCapability, TPM_CC.PolicyParameters];

/** The base: libtpms 0.9.2 of Debian 12 (fixtures/observed/tpm). */
const LIBTPMS_0_9_2: TpmBehaviour = {
  firmwareVersion: 0x20191023_00163636n,
  specification: { family: FAMILY_2_0, revision: 164, dayOfYear: 75, year: 2021 },
  platformSpecification: { family: FAMILY_2_0, revision: 164, dayOfYear: 75, year: 2021 },
  maxObjectContextBytes: 0xa84,
  persistentObjects: 65,
  lacksCommands: ADDED_COMMANDS,
  lacksValues: new Map<string, readonly number[]>([AES_192, CAMELLIA_192, ['TPMA_OBJECT', [LIMITED]]]),
  pcrRules: pcrRules(0b10100, true),
  negativeNumbers: 'by magnitude',
  remembersNameHash: true,
  otherTemplate: 'VALUE',
  shortKeySign: 'HASH',
  firstProtectedUse: 'RETRY',
  rsaPaddingFault: 'FAILURE',
  badPkcs1: 'refused',
  restrictedKeyUsage: 'keyAgreement',
  otherKeyUsage: 'ignored',
};

const NULL_RECORDING = 'fixtures/observed/generations/tpm/20-generation-libtpms-0.10.2-null.jsonl';
const V1_RECORDING = 'fixtures/observed/generations/tpm/20-generation-libtpms-0.10.2-default-v1.jsonl';

/** libtpms 0.10.2, in every profile. */
const LIBTPMS_0_10_2: readonly Difference<TpmBehaviour>[] = [
  {
    name: 'revision-1.83',
    about: 'TPM_PT_REVISION 183 of 2024; the platform specification is the PC Client profile 1.06; a firmware version of its own',
    source: 'libtpms-0-10 src/tpm2/VendorInfo.c',
    shownBy: `${NULL_RECORDING} properties`,
    set: {
      firmwareVersion: 0x20240125_00120000n,
      specification: { family: FAMILY_2_0, revision: 183, dayOfYear: 25, year: 2024 },
      platformSpecification: { family: 1, revision: 262, dayOfYear: 25, year: 2024 },
    },
  },
  {
    name: 'larger-object-contexts',
    about: 'TPM_PT_MAX_OBJECT_CONTEXT is 2700 bytes, 8 more: objects carry their hierarchy',
    source: 'libtpms-0-10 src/tpm2/NVMarshal.c',
    shownBy: `${NULL_RECORDING} properties`,
    set: { maxObjectContextBytes: 0xa8c },
  },
  {
    name: 'persistent-objects',
    about: 'room for 64 persistent objects is told, one fewer',
    source: 'libtpms-0-10 src/tpm2/NVDynamic.c NvCapGetPersistentAvail',
    shownBy: `${NULL_RECORDING} properties`,
    set: { persistentObjects: 64 },
  },
  {
    name: 'pcr-20-to-22',
    about: 'PCRs 20 to 22 can be reset from locality 3 too, and have no authorization values or policies of their own',
    source: 'libtpms-0-10 src/tpm2/PlatformPCR.c s_initAttributes',
    shownBy: `${NULL_RECORDING} pcr-setauthvalue-20, pcr-reset-20-locality-3`,
    set: { pcrRules: pcrRules(0b11100, false) },
  },
  {
    name: 'signed-compare',
    about: 'PolicyNV and PolicyCounterTimer compare two negative numbers as numbers',
    source: 'libtpms-0-10 src/tpm2/MathOnByteBuffers.c SignedCompareB',
    shownBy: `${NULL_RECORDING} policynv--2-S_GT--1`,
    set: { negativeNumbers: 'as numbers' },
  },
  {
    name: 'name-hash-not-remembered',
    about: 'below state format level 4 a session forgets that PolicyNameHash or PolicyDuplicationSelect was asked: other hashes replace it',
    source: 'libtpms-0-10 src/tpm2/EACommands.c TPM2_PolicyNameHash, src/tpm2/Session.c IsCpHashUnionOccupied',
    shownBy: `${NULL_RECORDING} policy-NameHash-then-CpHash`,
    set: { remembersNameHash: false },
  },
  {
    name: 'other-template',
    about: 'PolicyTemplate with another hash than before is TPM_RC_CPHASH, as of all such assertions',
    source: 'libtpms-0-10 src/tpm2/EACommands.c TPM2_PolicyTemplate',
    shownBy: `${NULL_RECORDING} policy-Template-then-Template`,
    set: { otherTemplate: 'CPHASH' },
  },
  {
    name: 'short-key-sign',
    about: 'PolicyAuthorize with a keySign of fewer than two bytes is TPM_RC_SIZE',
    source: 'libtpms-0-10 src/tpm2/EACommands.c TPM2_PolicyAuthorize',
    shownBy: `${NULL_RECORDING} policyauthorize-keysign-1-byte`,
    set: { shortKeySign: 'SIZE' },
  },
  {
    name: 'limited-objects',
    about: 'the attributes firmwareLimited and svnLimited have names: TPM_RC_ATTRIBUTES, as nothing here is limited so',
    source: 'libtpms-0-10 src/tpm2/Object_spt.c PublicAttributesValidation',
    shownBy: `${NULL_RECORDING} createprimary-firmwareLimited`,
    set: { lacksValues: new Map<string, readonly number[]>([AES_192, CAMELLIA_192]) },
  },
  {
    name: 'no-retry',
    about: 'the first use of a protected value after Startup goes on, in place of TPM_RC_RETRY',
    source: 'libtpms-0-10 src/tpm2/SessionProcess.c CheckLockedOut',
    shownBy: 'test/tpm/generation/libtpms.test.ts',
    set: { firstProtectedUse: 'goes on' },
  },
  {
    name: 'padding-faults',
    about: 'what RSA_Decrypt cannot decrypt is TPM_RC_VALUE; of PKCS#1 nothing is refused: wrong blocks decrypt to other bytes',
    source: 'libtpms-0-10 src/tpm2/crypto/openssl/CryptRsa.c CryptRsaDecrypt',
    shownBy: 'test/tpm/generation/libtpms.test.ts',
    set: { rsaPaddingFault: 'VALUE', badPkcs1: 'implicit rejection' },
  },
  {
    name: 'x509-key-encipherment',
    about: 'CertifyX509: keyUsage keyEncipherment wants a restricted key, no longer keyAgreement; other bits are TPM_RC_RESERVED_BITS',
    source: 'libtpms-0-10 src/tpm2/X509_spt.c X509ProcessExtensions',
    shownBy: 'test/tpm/generation/libtpms.test.ts',
    set: { restrictedKeyUsage: 'keyEncipherment', otherKeyUsage: 'RESERVED_BITS' },
  },
];

/** The profile `default-v1` (state format level 7) beside `null`, which locks a TPM into what libtpms 0.9 could. */
const DEFAULT_V1: readonly Difference<TpmBehaviour>[] = [
  {
    name: 'added-commands',
    about: 'ECC_Encrypt, ECC_Decrypt, PolicyCapability and PolicyParameters are there',
    source: 'libtpms-0-10 src/tpm2/RuntimeProfile.c RuntimeProfileDescs, src/tpm2/RuntimeCommands.c',
    shownBy: `${V1_RECORDING} commands`,
    set: { lacksCommands: [] },
  },
  {
    name: '192-bit-keys',
    about: 'AES and Camellia take keys of 192 bits',
    source: 'libtpms-0-10 src/tpm2/RuntimeAlgorithm.c AesKeySizes, CamelliaKeySizes',
    shownBy: `${V1_RECORDING} testparms-aes192`,
    set: { lacksValues: new Map() },
  },
  {
    name: 'name-hash-remembered',
    about: 'a session remembers that its hash is one of Names: after it PolicyCpHash and the others are TPM_RC_CPHASH',
    source: 'libtpms-0-10 src/tpm2/RuntimeProfile.c StateFormatLevel 4',
    shownBy: `${V1_RECORDING} policy-NameHash-then-CpHash`,
    set: { remembersNameHash: true },
  },
];

/** A TPM as one version of libtpms in one profile makes it. */
export interface TpmVersion extends Version<TpmBehaviour> {
  /** How its permanent state is written (RuntimeProfile.c): a TPM reads its own level and those below. */
  readonly stateFormatLevel: number;
}

const made = (version: string, stateFormatLevel: number, differences: readonly Difference<TpmBehaviour>[]): TpmVersion => ({
  version,
  stateFormatLevel,
  differences,
  behaviour: overlaid(LIBTPMS_0_9_2, differences),
});

export const DEFAULT_TPM_VERSION = made('0.9.2', 1, []);
/** The first of a version is what it does without a profile. */
export const TPM_VERSIONS: readonly TpmVersion[] = [
  DEFAULT_TPM_VERSION,
  { ...made('0.10.2', 1, LIBTPMS_0_10_2), profile: 'null' },
  { ...made('0.10.2', 7, [...LIBTPMS_0_10_2, ...DEFAULT_V1]), profile: 'default-v1' },
];
