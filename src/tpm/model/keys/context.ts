import {
  type Codec,
  concat,
  DecodeError,
  encode,
  list,
  oneOf,
  Reader,
  sized,
  struct,
  UINT8,
  UINT16,
  UINT32,
  UINT64,
  type Value,
  Writer,
} from '../../../bytes/index.ts';
import { decryptCfb, encryptCfb, equal, hmac, kdfA } from '../../../crypto/index.ts';
import { inParameter, rcOfFault, refuse } from '../../refusal.ts';
import { u32, u64 } from '../../session-crypto.ts';
import {
  digestBytes,
  HASHES,
  handleType,
  hashOf,
  isHash,
  LARGEST_DIGEST,
  TPM_ALG,
  TPM_HT,
  TPM_RC,
  TPM_RH,
  TPM2B_AUTH,
  TPM2B_DIGEST,
  TPM2B_NAME,
  TPM2B_NONCE,
  TPM2B_SENSITIVE_EMPTY,
  type TPMS_CONTEXT,
  TPMT_PUBLIC_NULL,
  TPMT_SENSITIVE,
  TPMT_SYM_DEF,
} from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { proofOf } from '../hierarchies/hierarchy.ts';
import type { KeyObject, LoadedObject, PolicyState, SequenceObject, Session } from '../state.ts';

// Part 1 §30.3: contexts outside of the TPM. What is inside a blob is the TPM's own business; its length is libtpms' (observed).

const KINDS = { key: 1, sequence: 2, session: 3 } as const;

const KEY = struct('KEY_CONTEXT', 'own', {
  external: UINT8,
  stClear: UINT8,
  hierarchy: UINT32,
  publicArea: TPMT_PUBLIC_NULL,
  sensitive: TPM2B_SENSITIVE_EMPTY,
  name: TPM2B_NAME,
  qualifiedName: TPM2B_NAME,
});

const SEQUENCES = { hash: 0, hmac: 1, event: 2 } as const;
const SEQUENCE = struct('SEQUENCE_CONTEXT', 'own', {
  what: oneOf('SEQUENCE_KIND', UINT8, SEQUENCES),
  authValue: TPM2B_AUTH,
  hierarchy: UINT32,
  ticketSafe: UINT8,
  hmacKey: sized('hmacKey'),
  cipher: UINT16,
  running: list('running', struct('RUNNING_HASH', 'own', { hashAlg: UINT16, state: sized('state') })),
});

const BOUND = ['cpHash', 'nameHash', 'templateHash', 'parameterHash'] as const;
const POLICY = struct('POLICY_CONTEXT', 'own', {
  commandCode: UINT32,
  flags: UINT8,
  nvWritten: UINT8,
  locality: UINT8,
  pcrCounter: UINT32,
  timeout: UINT64,
  boundTo: UINT8,
});
const SESSION = struct('SESSION_CONTEXT', 'own', {
  handle: UINT32,
  authHash: UINT16,
  symmetric: TPMT_SYM_DEF,
  sessionKey: TPM2B_DIGEST,
  nonceTPM: TPM2B_NONCE,
  flags: UINT8,
  boundEntity: TPM2B_DIGEST,
  auditDigest: TPM2B_DIGEST,
  startTime: UINT64,
  epoch: UINT32,
  policy: POLICY,
});
const HEAD = struct('CONTEXT_HEAD', 'own', { fingerprint: UINT64, kind: UINT8 });
const HEAD_BYTES = 9;

// Bytes of a blob's plaintext as libtpms has them (libtpms src/tpm2/NVMarshal.c): fingerprint, headers and skip marks, then what differs.
const SESSION_BYTES = 320;
const OBJECT_OVERHEAD = 112;
const SEQUENCE_OVERHEAD = 44;
const HASH_OVERHEAD = 25;
const RUNNING_BYTES: Readonly<Record<number, number>> = {
  [TPM_ALG.SHA1]: 109,
  [TPM_ALG.SHA256]: 127,
  [TPM_ALG.SHA384]: 231,
  [TPM_ALG.SHA512]: 231,
};

function keyBytes({ publicArea, sensitive, external, name, qualifiedName }: KeyObject): number {
  // An object of the TPM's own making has its authorization value as it stands in its private area: padded.
  const auth = sensitive && !external ? Math.max(sensitive.authValue.length, digestBytes(publicArea.nameAlg)) : 0;
  const padding = sensitive && !external ? auth - sensitive.authValue.length : 0;
  // RSA private keys come with their four CRT numbers.
  const crt = publicArea.type === TPM_ALG.RSA && sensitive ? 4 * sensitive.sensitive.length : 0;
  const sensitiveBytes = sensitive ? encode(TPMT_SENSITIVE, sensitive).length : EMPTY_SENSITIVE;
  const named = name.length + qualifiedName.length;
  return OBJECT_OVERHEAD + encode(TPMT_PUBLIC_NULL, publicArea).length + sensitiveBytes + padding + named + crt;
}
/** Type and two sizes, all zero. */
const EMPTY_SENSITIVE = 6;

function sequenceBytes({ what, authValue, running }: SequenceObject): number {
  const states = running.reduce((sum, { hashAlg }) => sum + (RUNNING_BYTES[hashAlg] ?? 0), 0);
  const common = SEQUENCE_OVERHEAD + authValue.length + states;
  if (what !== 'hmac') return common + 2 + HASHES.length * HASH_OVERHEAD;
  const { hashAlg } = running[0] ?? { hashAlg: TPM_ALG.NULL };
  return common + 2 + HASH_OVERHEAD + (isHash(hashAlg) ? hashOf(hashAlg).blockBytes : 0);
}

/** The savedHandle tells the kind of a saved object (Part 2 §14.6.2). */
export const savedHandleOf = (object: LoadedObject): number =>
  object.kind === 'sequence' ? 0x80000001 : object.stClear ? 0x80000002 : 0x80000000;

const keys = (tpm: Core, context: Omit<TPMS_CONTEXT, 'contextBlob'>): { key: Uint8Array; iv: Uint8Array } => {
  const bytes = kdfA('sha512', proofOf(tpm, context.hierarchy), 'CONTEXT', u64(context.sequence), u32(context.savedHandle), 256 + 128);
  return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) };
};

function integrityOf(tpm: Core, context: Omit<TPMS_CONTEXT, 'contextBlob'>, encrypted: Uint8Array): Uint8Array {
  const { permanent, reset } = tpm.state;
  // A context does not outlive a TPM Reset, that of an stClear object no TPM Restart either.
  const clears = context.savedHandle === 0x80000002 ? u32(reset.clearCount) : new Uint8Array(0);
  return hmac(
    'sha512',
    proofOf(tpm, context.hierarchy),
    u32(permanent.totalResetCount),
    clears,
    u64(context.sequence),
    u32(context.savedHandle),
    encrypted,
  );
}

/** A blob that this TPM made, with everything that its integrity and its key come from. */
interface Sealed {
  readonly context: TPMS_CONTEXT;
  readonly proof: Uint8Array;
  readonly totalResetCount: number;
  readonly clearCount: number;
  readonly plaintext: Uint8Array;
}
/**
 * What was sealed lately: who brings back the very bytes that were given out needs no proof that they were. Not state: what is found here
 * is what decryption would find.
 */
const sealedLately = new WeakMap<Core, Map<bigint, Sealed>>();
const REMEMBERED = 16;

function remember(tpm: Core, context: TPMS_CONTEXT, plaintext: Uint8Array): void {
  let known = sealedLately.get(tpm);
  if (!known) {
    known = new Map();
    sealedLately.set(tpm, known);
  }
  const { permanent, reset } = tpm.state;
  const proof = proofOf(tpm, context.hierarchy);
  known.set(context.sequence, { context, proof, totalResetCount: permanent.totalResetCount, clearCount: reset.clearCount, plaintext });
  if (known.size <= REMEMBERED) return;
  const [oldest = context.sequence] = known.keys();
  known.delete(oldest);
}

function remembered(tpm: Core, given: TPMS_CONTEXT): Uint8Array | null {
  const known = sealedLately.get(tpm)?.get(given.sequence);
  if (!known) return null;
  const { context, proof, totalResetCount, clearCount, plaintext } = known;
  const { permanent, reset } = tpm.state;
  const same =
    context.savedHandle === given.savedHandle &&
    context.hierarchy === given.hierarchy &&
    totalResetCount === permanent.totalResetCount &&
    clearCount === reset.clearCount &&
    equal(proof, proofOf(tpm, given.hierarchy)) &&
    equal(context.contextBlob, given.contextBlob);
  return same ? plaintext : null;
}

function seal<T>(
  tpm: Core,
  head: Omit<TPMS_CONTEXT, 'contextBlob'>,
  kind: number,
  codec: Codec<T>,
  value: T,
  length: number,
): TPMS_CONTEXT {
  const writer = new Writer(length);
  HEAD.write(writer, { fingerprint: head.sequence, kind });
  codec.write(writer, value);
  if (writer.length < length) writer.raw(new Uint8Array(length - writer.length));
  const plaintext = writer.done();
  const { key, iv } = keys(tpm, head);
  const encrypted = encryptCfb(key, iv, plaintext);
  const { sequence, savedHandle, hierarchy } = head;
  const contextBlob = concat(encode(TPM2B_DIGEST, integrityOf(tpm, head, encrypted)), encrypted);
  const context = { sequence, savedHandle, hierarchy, contextBlob };
  remember(tpm, context, plaintext);
  return context;
}

export function sealObject(tpm: Core, object: LoadedObject, sequence: bigint): TPMS_CONTEXT {
  const head = { sequence, savedHandle: savedHandleOf(object), hierarchy: object.hierarchy };
  if (object.kind === 'key') {
    const { publicArea, sensitive, name, qualifiedName, hierarchy } = object;
    const value = {
      external: Number(object.external),
      stClear: Number(object.stClear),
      hierarchy,
      publicArea,
      sensitive,
      name,
      qualifiedName,
    };
    return seal(tpm, head, KINDS.key, KEY, value, keyBytes(object));
  }
  const ticketSafe = object.ticketSafe === null ? 2 : Number(object.ticketSafe);
  return seal(tpm, head, KINDS.sequence, SEQUENCE, { ...object, what: SEQUENCES[object.what], ticketSafe }, sequenceBytes(object));
}

const FLAG = { daBound: 1, lockoutBound: 2, bound: 4, audit: 8, trial: 16, policy: 32 } as const;
const POLICY_FLAG = { authValue: 1, password: 2, pp: 4 } as const;
const NONE = new Uint8Array(0);
const setIf = (condition: boolean, flag: number): number => (condition ? flag : 0);

export function sealSession(tpm: Core, session: Session, sequence: bigint): TPMS_CONTEXT {
  const head = { sequence, savedHandle: session.handle, hierarchy: TPM_RH.NULL };
  const value = {
    ...session,
    flags:
      setIf(session.isDaBound, FLAG.daBound) |
      setIf(session.isLockoutBound, FLAG.lockoutBound) |
      setIf(session.boundEntity !== null, FLAG.bound) |
      setIf(session.auditDigest !== null, FLAG.audit) |
      setIf(session.trial, FLAG.trial) |
      setIf(session.policy !== null, FLAG.policy),
    // As in libtpms: where an HMAC session has entity and audit digest, a policy session has what it is bound to and its own digest.
    boundEntity: session.policy ? (session.policy.bound?.digest ?? NONE) : (session.boundEntity ?? NONE),
    auditDigest: session.policy ? session.policy.digest : (session.auditDigest ?? NONE),
    policy: policyValue(session.policy),
  };
  return seal(tpm, head, KINDS.session, SESSION, value, SESSION_BYTES);
}

function policyValue(policy: PolicyState | null): Value<typeof POLICY> {
  return {
    commandCode: policy?.commandCode ?? 0,
    flags:
      setIf(!!policy?.authValueNeeded, POLICY_FLAG.authValue) |
      setIf(!!policy?.passwordNeeded, POLICY_FLAG.password) |
      setIf(!!policy?.ppRequired, POLICY_FLAG.pp),
    nvWritten: policy?.nvWritten == null ? 2 : Number(policy.nvWritten),
    locality: policy?.locality ?? 0,
    pcrCounter: policy?.pcrCounter ?? 0,
    timeout: policy?.timeout ?? 0n,
    boundTo: policy?.bound ? BOUND.indexOf(policy.bound.what) : 0xff,
  };
}

function policyOf({ policy: value, boundEntity, auditDigest }: Value<typeof SESSION>): PolicyState {
  const what = BOUND[value.boundTo];
  return {
    digest: auditDigest,
    commandCode: value.commandCode,
    authValueNeeded: (value.flags & POLICY_FLAG.authValue) !== 0,
    passwordNeeded: (value.flags & POLICY_FLAG.password) !== 0,
    ppRequired: (value.flags & POLICY_FLAG.pp) !== 0,
    locality: value.locality,
    pcrCounter: value.pcrCounter,
    timeout: value.timeout,
    bound: what ? { what, digest: boundEntity } : null,
    nvWritten: value.nvWritten === 2 ? null : value.nvWritten === 1,
  };
}

function sessionOf(value: Value<typeof SESSION>): Session {
  const is = (flag: number) => (value.flags & flag) !== 0;
  return {
    handle: value.handle,
    authHash: value.authHash,
    symmetric: value.symmetric,
    sessionKey: value.sessionKey,
    nonceTPM: value.nonceTPM,
    boundEntity: is(FLAG.bound) ? value.boundEntity : null,
    isDaBound: is(FLAG.daBound),
    isLockoutBound: is(FLAG.lockoutBound),
    auditDigest: is(FLAG.audit) ? value.auditDigest : null,
    trial: is(FLAG.trial),
    policy: is(FLAG.policy) ? policyOf(value) : null,
    startTime: value.startTime,
    epoch: value.epoch,
  };
}

function objectOf(reader: Reader, kind: number): LoadedObject {
  if (kind === KINDS.key) {
    const value = KEY.read(reader);
    return { ...value, kind: 'key', external: value.external !== 0, stClear: value.stClear !== 0, evictHandle: null } satisfies KeyObject;
  }
  const value = SEQUENCE.read(reader);
  const what = (['hash', 'hmac', 'event'] as const)[value.what];
  const ticketSafe = value.ticketSafe === 2 ? null : value.ticketSafe === 1;
  return { ...value, kind: 'sequence', what, ticketSafe, evictHandle: null } satisfies SequenceObject;
}

/** What a context holds, after its integrity was checked: an object, or a session. Codes blame parameter 1. */
export function unseal(tpm: Core, context: TPMS_CONTEXT): LoadedObject | Session {
  const plaintext = remembered(tpm, context) ?? opened(tpm, context);
  // From here on only this TPM can have written the bytes.
  const reader = new Reader(plaintext);
  const { kind } = HEAD.read(reader);
  return handleType(context.savedHandle) === TPM_HT.TRANSIENT ? objectOf(reader, kind) : sessionOf(SESSION.read(reader));
}

function opened(tpm: Core, context: TPMS_CONTEXT): Uint8Array {
  const blob = new Reader(context.contextBlob);
  const integrity = integrityField(blob);
  if (integrity.length !== LARGEST_DIGEST) refuse(inParameter(1, TPM_RC.SIZE));
  const encrypted = blob.rest();
  if (encrypted.length < HEAD_BYTES) refuse(inParameter(1, TPM_RC.SIZE));
  if (!equal(integrity, integrityOf(tpm, context, encrypted))) refuse(inParameter(1, TPM_RC.INTEGRITY));
  const { key, iv } = keys(tpm, context);
  return decryptCfb(key, iv, encrypted);
}

function integrityField(blob: Reader): Uint8Array {
  try {
    return TPM2B_DIGEST.read(blob);
  } catch (error) {
    if (error instanceof DecodeError) refuse(rcOfFault(error)); // libtpms puts no number to it
    throw error;
  }
}
