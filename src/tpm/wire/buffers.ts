import { type Codec, fixed, list, sized, struct, tagged, UINT8, UINT32, UINT64 } from '../../bytes/index.ts';
import { HASHES, type HashId, LARGEST_DIGEST, RSA_KEY_BITS } from './algorithms.ts';
import { TPMA_ALGORITHM, TPMA_CC } from './attributes.ts';
import { OTHER_ALG, TPM_ALG } from './constants.ts';
import { TPM_ALG_ID, TPM_CC_CODE, TPM_ECC_CURVE, TPM_HANDLE, TPMI_ALG_HASH, TPMI_ALG_HASH_NULL } from './interface-types.ts';

// Part 2 §10.3 to §10.9: sized buffers, digests, PCR selections, lists. A length above the buffer's is TPM_RC_SIZE.

export const MAX_RSA_KEY_BYTES = Math.max(...RSA_KEY_BITS) / 8;
/** The largest curve of libtpms (BN P638) decides how long a coordinate may be. */
export const MAX_ECC_KEY_BYTES = 80;
const MAX_SYM_DATA = 128;
const MAX_HASH_BUFFER = 1024;

export const TPM2B_DIGEST = sized('TPM2B_DIGEST', { max: LARGEST_DIGEST, spec: 'Part 2 §10.4.2' });
export const TPM2B_DATA = sized('TPM2B_DATA', { max: LARGEST_DIGEST + 2, spec: 'Part 2 §10.4.3' });
export const TPM2B_NONCE = sized('TPM2B_NONCE', { max: LARGEST_DIGEST, spec: 'Part 2 §10.4.4' });
export const TPM2B_AUTH = sized('TPM2B_AUTH', { max: LARGEST_DIGEST, spec: 'Part 2 §10.4.5' });
export const TPM2B_OPERAND = sized('TPM2B_OPERAND', { max: LARGEST_DIGEST, spec: 'Part 2 §10.4.6' });
export const TPM2B_EVENT = sized('TPM2B_EVENT', { max: 1024, spec: 'Part 2 §10.4.7' });
export const TPM2B_MAX_BUFFER = sized('TPM2B_MAX_BUFFER', { max: MAX_HASH_BUFFER, spec: 'Part 2 §10.4.8' });
export const TPM2B_MAX_NV_BUFFER = sized('TPM2B_MAX_NV_BUFFER', { max: 1024, spec: 'Part 2 §10.4.9' });
export const TPM2B_TIMEOUT = sized('TPM2B_TIMEOUT', { max: 8, spec: 'Part 2 §10.4.10' });
export const TPM2B_IV = sized('TPM2B_IV', { max: 16, spec: 'Part 2 §10.4.11' });
export const TPM2B_NAME = sized('TPM2B_NAME', { max: LARGEST_DIGEST + 4, spec: 'Part 2 §10.5.3' });
export const TPM2B_SENSITIVE_DATA = sized('TPM2B_SENSITIVE_DATA', { max: MAX_SYM_DATA, spec: 'Part 2 §11.1.14' });
export const TPM2B_SYM_KEY = sized('TPM2B_SYM_KEY', { max: 32, spec: 'Part 2 §11.1.7' });
export const TPM2B_LABEL = sized('TPM2B_LABEL', { max: 32, spec: 'Part 2 §11.1.9' });
export const TPM2B_PUBLIC_KEY_RSA = sized('TPM2B_PUBLIC_KEY_RSA', { max: MAX_RSA_KEY_BYTES, spec: 'Part 2 §11.2.4.5' });
export const TPM2B_PRIVATE_KEY_RSA = sized('TPM2B_PRIVATE_KEY_RSA', { max: MAX_RSA_KEY_BYTES / 2, spec: 'Part 2 §11.2.4.7' });
export const TPM2B_ECC_PARAMETER = sized('TPM2B_ECC_PARAMETER', { max: MAX_ECC_KEY_BYTES, spec: 'Part 2 §11.2.5.1' });
export const TPM2B_ENCRYPTED_SECRET = sized('TPM2B_ENCRYPTED_SECRET', { max: MAX_RSA_KEY_BYTES, spec: 'Part 2 §11.4.3' });
export const TPM2B_PRIVATE = sized('TPM2B_PRIVATE', { max: 1230, spec: 'Part 2 §12.3.7' });
export const TPM2B_ID_OBJECT = sized('TPM2B_ID_OBJECT', { max: 2 * (LARGEST_DIGEST + 2), spec: 'Part 2 §12.4.3' });
export const TPM2B_CONTEXT_DATA = sized('TPM2B_CONTEXT_DATA', { max: 2748, spec: 'Part 2 §14.5' });
/** An attestation as it was signed: whoever wants its fields decodes the bytes as TPMS_ATTEST. */
export const TPM2B_ATTEST = sized('TPM2B_ATTEST', { max: 1024, spec: 'Part 2 §10.12.13' });
export const TPM2B_MAX_CAP_BUFFER = sized('TPM2B_MAX_CAP_BUFFER', { max: 1024, spec: 'Part 2 §10.4.12' });
export const TPM2B_TEMPLATE = sized('TPM2B_TEMPLATE', { max: 1024, spec: 'Part 2 §12.2.6' });

const digestVariants = Object.fromEntries(HASHES.map(hash => [hash.id, { digest: fixed('digest', hash.digestBytes) }])) as Record<
  HashId,
  { digest: Codec<Uint8Array> }
>;

/** Hashes that this TPM does not have, with the bytes of their digests. */
const OTHER_DIGESTS: readonly (readonly [number, number])[] = [
  [OTHER_ALG.SHA256_192, 24],
  [TPM_ALG.SM3_256, 32],
  [OTHER_ALG.SHA3_256, 32],
  [OTHER_ALG.SHA3_384, 48],
  [OTHER_ALG.SHA3_512, 64],
  [OTHER_ALG.SHAKE256_192, 24],
  [OTHER_ALG.SHAKE256_256, 32],
  [OTHER_ALG.SHAKE256_512, 64],
];
const otherDigests = Object.fromEntries(OTHER_DIGESTS.map(([id, bytes]) => [id, { digest: fixed('digest', bytes) }]));

/** Part 2 §10.3.2. */
export const TPMT_HA = tagged('TPMT_HA', 'Part 2 §10.3.2', { hashAlg: TPMI_ALG_HASH }, 'hashAlg', digestVariants, {
  elsewhere: otherDigests,
});
/** TPMT_HA that may be TPM_ALG_NULL: the policies of hierarchies. */
export const TPMT_HA_NULL = tagged(
  'TPMT_HA+',
  'Part 2 §10.3.2',
  { hashAlg: TPMI_ALG_HASH_NULL },
  'hashAlg',
  {
    ...digestVariants,
    [TPM_ALG.NULL]: {},
  },
  { elsewhere: otherDigests },
);

export const PCR_SELECT_BYTES = 3;
/** Bit n of byte m selects PCR 8m + n. This TPM wants exactly three bytes (PCR_SELECT_MIN and MAX). */
const pcrSelect: Codec<Uint8Array> = {
  ...sized('pcrSelect', { width: 1, max: PCR_SELECT_BYTES }),
  shape: { kind: 'bytes', length: PCR_SELECT_BYTES },
  read(reader) {
    const offset = reader.offset;
    const size = reader.u8();
    if (size !== PCR_SELECT_BYTES) reader.refuse('value', `sizeofSelect ${size}, this TPM takes ${PCR_SELECT_BYTES}`, offset);
    return reader.take(size);
  },
};
export const TPMS_PCR_SELECTION = struct('TPMS_PCR_SELECTION', 'Part 2 §10.6.2', { hash: TPMI_ALG_HASH, pcrSelect });
export const TPMS_PCR_SELECT = struct('TPMS_PCR_SELECT', 'Part 2 §10.6.1', { pcrSelect });

export const TPML_CC = list('TPML_CC', TPM_CC_CODE, { max: 254, spec: 'Part 2 §10.9.1' });
export const TPML_CCA = list('TPML_CCA', TPMA_CC, { max: 256, spec: 'Part 2 §10.9.2' });
export const TPML_ALG = list('TPML_ALG', TPM_ALG_ID, { max: 64, spec: 'Part 2 §10.9.3' });
export const TPML_HANDLE = list('TPML_HANDLE', TPM_HANDLE, { max: 254, spec: 'Part 2 §10.9.4' });
export const TPML_DIGEST = list('TPML_DIGEST', TPM2B_DIGEST, { max: 8, spec: 'Part 2 §10.9.5' });
/** TPML_DIGEST as a command takes it: two branches at the least. */
export const TPML_DIGEST_BRANCHES = list('TPML_DIGEST', TPM2B_DIGEST, { min: 2, max: 8, spec: 'Part 2 §10.9.5' });
export const TPML_DIGEST_VALUES = list('TPML_DIGEST_VALUES', TPMT_HA, { max: HASHES.length, spec: 'Part 2 §10.9.6' });
export const TPML_PCR_SELECTION = list('TPML_PCR_SELECTION', TPMS_PCR_SELECTION, { max: HASHES.length, spec: 'Part 2 §10.9.7' });

export const TPMS_ALG_PROPERTY = struct('TPMS_ALG_PROPERTY', 'Part 2 §10.8.1', { alg: TPM_ALG_ID, algProperties: TPMA_ALGORITHM });
export const TPMS_TAGGED_PROPERTY = struct('TPMS_TAGGED_PROPERTY', 'Part 2 §10.8.2', { property: UINT32, value: UINT32 });
export const TPMS_TAGGED_PCR_SELECT = struct('TPMS_TAGGED_PCR_SELECT', 'Part 2 §10.8.3', { tag: UINT32, pcrSelect });
export const TPMS_TAGGED_POLICY = struct('TPMS_TAGGED_POLICY', 'Part 2 §10.8.4', { handle: TPM_HANDLE, policyHash: TPMT_HA_NULL });
export const TPML_ALG_PROPERTY = list('TPML_ALG_PROPERTY', TPMS_ALG_PROPERTY, { max: 256, spec: 'Part 2 §10.9.8' });
export const TPML_TAGGED_TPM_PROPERTY = list('TPML_TAGGED_TPM_PROPERTY', TPMS_TAGGED_PROPERTY, { max: 128, spec: 'Part 2 §10.9.9' });
export const TPML_TAGGED_PCR_PROPERTY = list('TPML_TAGGED_PCR_PROPERTY', TPMS_TAGGED_PCR_SELECT, { max: 256, spec: 'Part 2 §10.9.10' });
export const TPML_ECC_CURVE = list('TPML_ECC_CURVE', TPM_ECC_CURVE, { max: 508, spec: 'Part 2 §10.9.11' });
export const TPML_TAGGED_POLICY = list('TPML_TAGGED_POLICY', TPMS_TAGGED_POLICY, { max: 14, spec: 'Part 2 §10.9.12' });
export const TPMS_ACT_DATA = struct('TPMS_ACT_DATA', 'Part 2 §10.8.5', { handle: TPM_HANDLE, timeout: UINT32, attributes: UINT32 });
export const TPML_ACT_DATA = list('TPML_ACT_DATA', TPMS_ACT_DATA, { max: 84, spec: 'Part 2 §10.9.13' });

export const TPMS_CLOCK_INFO = struct('TPMS_CLOCK_INFO', 'Part 2 §10.11.1', {
  clock: UINT64,
  resetCount: UINT32,
  restartCount: UINT32,
  safe: UINT8,
});
export const TPMS_TIME_INFO = struct('TPMS_TIME_INFO', 'Part 2 §10.11.6', { time: UINT64, clockInfo: TPMS_CLOCK_INFO });
