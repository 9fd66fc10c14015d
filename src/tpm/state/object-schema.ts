import { z } from 'zod';
import { sameBytes } from '../../bytes/index.ts';
import { isCmacState } from '../model/crypto/cmac.ts';
import { isHashState } from '../model/crypto/running-hash.ts';
import { checkKeys } from '../model/keys/key-checks.ts';
import { checkSchemes } from '../model/keys/object-checks.ts';
import type { Limits } from '../model/limits.ts';
import type { KeyObject, LoadedObject, PolicyState, Session } from '../model/state.ts';
import { nameOf } from '../names.ts';
import { Refusal } from '../refusal.ts';
import {
  CIPHERS,
  cipherOf,
  digestBytes,
  HASHES,
  handleType,
  isHash,
  LARGEST_DIGEST,
  TPM_ALG,
  TPM_HT,
  TPM2B_AUTH,
  TPM2B_NAME,
  TPM2B_SENSITIVE_EMPTY,
  TPMA_LOCALITY,
  TPMI_ALG_HASH,
  TPMI_ALG_SYM_OBJECT,
  TPMI_DH_PERSISTENT,
  TPMI_RH_HIERARCHY_NULL,
  TPMI_SH_AUTH_SESSION,
  TPMT_PUBLIC_NULL,
  TPMT_SYM_DEF,
} from '../wire/index.ts';
import { biguint, bytesOf, schemaOf, uint } from './codec-schema.ts';

// What can lie in a slot: objects, sequences, sessions.

const flag = z.boolean();
const auth = schemaOf(TPM2B_AUTH);
const hierarchy = schemaOf(TPMI_RH_HIERARCHY_NULL);
const BANKS: readonly number[] = HASHES.map(({ id }) => id);

const anyKey = z
  .strictObject({
    kind: z.literal('key'),
    publicArea: schemaOf(TPMT_PUBLIC_NULL),
    sensitive: schemaOf(TPM2B_SENSITIVE_EMPTY),
    name: schemaOf(TPM2B_NAME),
    qualifiedName: schemaOf(TPM2B_NAME),
    hierarchy,
    external: flag,
    stClear: flag,
    evictHandle: schemaOf(TPMI_DH_PERSISTENT).nullable(),
  })
  .superRefine(({ publicArea, sensitive, name, qualifiedName }, context) => {
    const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const wrong = refusalOf(() => {
      checkSchemes(null, publicArea);
      checkKeys(
        publicArea,
        sensitive,
        rc => rc,
        rc => rc,
      );
    });
    if (wrong) return fault('publicArea', `is no key that can be loaded: ${wrong}`);
    if (!sameBytes(name, nameOf(publicArea))) fault('name', 'is not the Name of the public area');
    if (qualifiedName.length !== name.length) fault('qualifiedName', `is not as long as the Name, ${name.length} bytes`);
  });

function refusalOf(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

const runningHash = z.strictObject({ hashAlg: uint(16), state: z.instanceof(Uint8Array) });
const anySequence = z
  .strictObject({
    kind: z.literal('sequence'),
    what: z.enum(['hash', 'hmac', 'event']),
    authValue: auth,
    running: z.array(runningHash).min(1).max(BANKS.length),
    hmacKey: bytesOf(0, 128),
    cipher: schemaOf(TPMI_ALG_SYM_OBJECT),
    ticketSafe: flag.nullable(),
    hierarchy,
    evictHandle: z.null(),
  })
  .superRefine(({ what, running, hmacKey, cipher }, context) => {
    const fault = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (what === 'event' ? running.some(({ hashAlg }, i) => hashAlg !== BANKS[i]) || running.length !== BANKS.length : running.length !== 1)
      return fault(['running'], `is not what a sequence of kind "${what}" computes`);
    if (cipher === TPM_ALG.NULL) {
      for (const [i, { hashAlg, state }] of running.entries()) {
        if (!isHash(hashAlg)) fault(['running', i, 'hashAlg'], 'is no hash of this TPM');
        else if (!isHashState(hashAlg, state)) fault(['running', i, 'state'], 'is no state of this hash');
      }
      return;
    }
    const [{ hashAlg, state }] = running as [z.infer<typeof runningHash>];
    if (what !== 'hmac' || hashAlg !== TPM_ALG.CMAC) return fault(['cipher'], 'has no place in this sequence');
    if (!CIPHERS.some(({ id, keyBits }) => id === cipher && keyBits.includes(hmacKey.length * 8)))
      fault(['hmacKey'], 'is no key of the cipher');
    else if (!isCmacState({ cipher: cipherOf(cipher), key: hmacKey }, state)) fault(['running', 0, 'state'], 'is no state of this cipher');
  });

export const keyObject: z.ZodType<KeyObject> = anyKey;
export const loadedObject: z.ZodType<LoadedObject> = z.discriminatedUnion('kind', [anyKey, anySequence]);

const policyState: z.ZodType<PolicyState> = z.strictObject({
  digest: bytesOf(0, LARGEST_DIGEST),
  commandCode: uint(32),
  authValueNeeded: flag,
  passwordNeeded: flag,
  ppRequired: flag,
  locality: schemaOf(TPMA_LOCALITY),
  pcrCounter: uint(32),
  timeout: biguint(64),
  bound: z
    .strictObject({ what: z.enum(['cpHash', 'nameHash', 'templateHash', 'parameterHash']), digest: bytesOf(1, LARGEST_DIGEST) })
    .nullable(),
  nvWritten: flag.nullable(),
});

/** Bytes of the digest that stands for a bound entity, SHA-256. */
const ENTITY_BYTES = 32;
const NUMBER = 0x00ffffff;

export const sessionOf = ({ activeSessions }: Limits): z.ZodType<Session> =>
  z
    .strictObject({
      handle: schemaOf(TPMI_SH_AUTH_SESSION),
      authHash: schemaOf(TPMI_ALG_HASH),
      symmetric: schemaOf(TPMT_SYM_DEF),
      sessionKey: bytesOf(0, LARGEST_DIGEST),
      nonceTPM: bytesOf(16, LARGEST_DIGEST),
      boundEntity: bytesOf(ENTITY_BYTES).nullable(),
      isDaBound: flag,
      isLockoutBound: flag,
      auditDigest: bytesOf(0, LARGEST_DIGEST).nullable(),
      trial: flag,
      policy: policyState.nullable(),
      startTime: biguint(63),
      epoch: uint(32),
    })
    .superRefine(({ handle, authHash, sessionKey, auditDigest, trial, policy }, context) => {
      const bytes = digestBytes(authHash);
      const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
      if ((handle & NUMBER) >= activeSessions) fault(['handle'], `is beyond the ${activeSessions} sessions of this TPM`);
      if ((handleType(handle) === TPM_HT.POLICY_SESSION) !== (policy !== null))
        fault(['policy'], 'does not go with the kind of the handle');
      if (trial && !policy) fault(['trial'], 'is set in a session without a policy');
      if (sessionKey.length !== 0 && sessionKey.length !== bytes) fault(['sessionKey'], `is not of 0 or ${bytes} bytes`);
      if (auditDigest && auditDigest.length !== bytes) fault(['auditDigest'], `is not of ${bytes} bytes`);
      if (policy && policy.digest.length !== bytes) fault(['policy', 'digest'], `is not of ${bytes} bytes`);
    });
