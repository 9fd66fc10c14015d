import { type Codec, list, oneOf, REST, sizedOf, struct, tagged, UINT16, UINT32, UINT64, type Value } from '../../bytes/index.ts';
import { TPMA_NV } from './attributes.ts';
import {
  TPM2B_DATA,
  TPM2B_DIGEST,
  TPM2B_MAX_NV_BUFFER,
  TPM2B_NAME,
  TPML_ACT_DATA,
  TPML_ALG_PROPERTY,
  TPML_CC,
  TPML_CCA,
  TPML_ECC_CURVE,
  TPML_HANDLE,
  TPML_PCR_SELECTION,
  TPML_TAGGED_PCR_PROPERTY,
  TPML_TAGGED_POLICY,
  TPML_TAGGED_TPM_PROPERTY,
  TPMS_CLOCK_INFO,
  TPMS_TIME_INFO,
} from './buffers.ts';
import { isKnownTag, LATER_CAP, TPM_CAP, TPM_GENERATED_VALUE, TPM_ST } from './constants.ts';
import {
  TPM_ALG_ID,
  TPM_CAP_TYPE,
  TPM_ST_TAG,
  TPMI_ALG_HASH,
  TPMI_RH_HIERARCHY_NULL,
  TPMI_RH_NV_INDEX,
  TPMI_YES_NO,
} from './interface-types.ts';
import { TPM2B_PUBLIC } from './keys.ts';

// Part 2 §10.7, §10.10, §10.12, §13: tickets, capabilities, attestations, NV.

/** One of these tags; another that TPM 2.0 knows is fault `tag`, any other number fault `value` (libtpms TPM_ST_Unmarshal). */
function tagOf(name: string, tags: Readonly<Record<string, number>>): Codec<number> {
  return {
    ...oneOf(name, UINT16, tags, 'tag'),
    read(reader) {
      const offset = reader.offset;
      const tag = reader.u16();
      if (Object.values(tags).includes(tag)) return tag;
      reader.refuse(isKnownTag(tag) ? 'tag' : 'value', `0x${tag.toString(16)} is no tag of ${name}`, offset);
      return tag;
    },
  };
}

/** A ticket: proof by HMAC that this TPM said something before. A wrong tag is TPM_RC_TAG. */
const ticket = (name: string, spec: string, ...tags: readonly (keyof typeof TPM_ST)[]) =>
  struct(name, spec, {
    tag: tagOf(name, Object.fromEntries(tags.map(tag => [tag, TPM_ST[tag]]))),
    hierarchy: TPMI_RH_HIERARCHY_NULL,
    digest: TPM2B_DIGEST,
  });
export const TPMT_TK_CREATION = ticket('TPMT_TK_CREATION', 'Part 2 §10.7.3', 'CREATION');
export const TPMT_TK_VERIFIED = ticket('TPMT_TK_VERIFIED', 'Part 2 §10.7.4', 'VERIFIED');
export const TPMT_TK_AUTH = ticket('TPMT_TK_AUTH', 'Part 2 §10.7.5', 'AUTH_SIGNED', 'AUTH_SECRET');
export const TPMT_TK_HASHCHECK = ticket('TPMT_TK_HASHCHECK', 'Part 2 §10.7.6', 'HASHCHECK');
export type Ticket = Value<typeof TPMT_TK_CREATION>;

/** Revision 1.83, Part 2 §10.6: the keys of the two ends of an SPDM session. */
const TPMS_SPDM_SESSION_INFO = struct('TPMS_SPDM_SESSION_INFO', 'Part 2 §10.6', { reqKeyName: TPM2B_NAME, tpmKeyName: TPM2B_NAME });

/** Part 2 §10.10.2. */
export const TPMS_CAPABILITY_DATA = tagged(
  'TPMS_CAPABILITY_DATA',
  'Part 2 §10.10.2',
  { capability: TPM_CAP_TYPE },
  'capability',
  {
    [TPM_CAP.ALGS]: { data: TPML_ALG_PROPERTY },
    [TPM_CAP.HANDLES]: { data: TPML_HANDLE },
    [TPM_CAP.COMMANDS]: { data: TPML_CCA },
    [TPM_CAP.PP_COMMANDS]: { data: TPML_CC },
    [TPM_CAP.AUDIT_COMMANDS]: { data: TPML_CC },
    [TPM_CAP.PCRS]: { data: TPML_PCR_SELECTION },
    [TPM_CAP.TPM_PROPERTIES]: { data: TPML_TAGGED_TPM_PROPERTY },
    [TPM_CAP.PCR_PROPERTIES]: { data: TPML_TAGGED_PCR_PROPERTY },
    [TPM_CAP.ECC_CURVES]: { data: TPML_ECC_CURVE },
    [TPM_CAP.AUTH_POLICIES]: { data: TPML_TAGGED_POLICY },
    [TPM_CAP.ACT]: { data: TPML_ACT_DATA },
  },
  {
    elsewhere: {
      [LATER_CAP.PUB_KEYS]: { data: list('TPML_PUB_KEY', TPM2B_PUBLIC) },
      [LATER_CAP.SPDM_SESSION_INFO]: { data: list('TPML_SPDM_SESSION_INFO', TPMS_SPDM_SESSION_INFO) },
    },
    // A manufacturer's own capabilities, and those to come: their structure is not known.
    unknown: { data: REST },
  },
);
export type TPMS_CAPABILITY_DATA = Value<typeof TPMS_CAPABILITY_DATA>;

/** Part 2 §10.12.12: what a key of this TPM signs about this TPM. */
export const TPMS_ATTEST = tagged(
  'TPMS_ATTEST',
  'Part 2 §10.12.12',
  {
    magic: oneOf('TPM_GENERATED', UINT32, { VALUE: TPM_GENERATED_VALUE }),
    type: TPM_ST_TAG,
    qualifiedSigner: TPM2B_NAME,
    extraData: TPM2B_DATA,
    clockInfo: TPMS_CLOCK_INFO,
    firmwareVersion: UINT64,
  },
  'type',
  {
    [TPM_ST.ATTEST_CERTIFY]: { name: TPM2B_NAME, qualifiedName: TPM2B_NAME },
    [TPM_ST.ATTEST_CREATION]: { objectName: TPM2B_NAME, creationHash: TPM2B_DIGEST },
    [TPM_ST.ATTEST_QUOTE]: { pcrSelect: TPML_PCR_SELECTION, pcrDigest: TPM2B_DIGEST },
    [TPM_ST.ATTEST_COMMAND_AUDIT]: { auditCounter: UINT64, digestAlg: TPM_ALG_ID, auditDigest: TPM2B_DIGEST, commandDigest: TPM2B_DIGEST },
    [TPM_ST.ATTEST_SESSION_AUDIT]: { exclusiveSession: TPMI_YES_NO, sessionDigest: TPM2B_DIGEST },
    [TPM_ST.ATTEST_TIME]: { time: TPMS_TIME_INFO, firmwareVersionOfTime: UINT64 },
    [TPM_ST.ATTEST_NV]: { indexName: TPM2B_NAME, offset: UINT16, nvContents: TPM2B_MAX_NV_BUFFER },
    [TPM_ST.ATTEST_NV_DIGEST]: { indexName: TPM2B_NAME, nvDigest: TPM2B_DIGEST },
  },
);
export type TPMS_ATTEST = Value<typeof TPMS_ATTEST>;

/** The largest NV Index of libtpms. */
export const MAX_NV_INDEX_SIZE = 2048;

/** Part 2 §13.5. */
export const TPMS_NV_PUBLIC = struct('TPMS_NV_PUBLIC', 'Part 2 §13.5', {
  nvIndex: TPMI_RH_NV_INDEX,
  nameAlg: TPMI_ALG_HASH,
  attributes: TPMA_NV,
  authPolicy: TPM2B_DIGEST,
  dataSize: nvSize(),
});
export type TPMS_NV_PUBLIC = Value<typeof TPMS_NV_PUBLIC>;
export const TPM2B_NV_PUBLIC = sizedOf('TPM2B_NV_PUBLIC', TPMS_NV_PUBLIC);

/** Part 2 §13.3: the contents of a PIN index. */
export const TPMS_NV_PIN_COUNTER_PARAMETERS = struct('TPMS_NV_PIN_COUNTER_PARAMETERS', 'Part 2 §13.3', {
  pinCount: UINT32,
  pinLimit: UINT32,
});

/** A UINT16 of at most MAX_NV_INDEX_SIZE; more is TPM_RC_SIZE, at unmarshalling already. */
function nvSize(): typeof UINT16 & { readonly max: number } {
  return {
    ...UINT16,
    max: MAX_NV_INDEX_SIZE,
    read(reader) {
      const offset = reader.offset;
      const size = reader.u16();
      if (size > MAX_NV_INDEX_SIZE) reader.refuse('size', `${size} bytes, at most ${MAX_NV_INDEX_SIZE}`, offset);
      return size;
    },
  };
}
