import { inHandle, inParameter, refuse } from '../../refusal.ts';
import { withoutTrailingZeros } from '../../session-crypto.ts';
import { cipherOf, HASHES, has, TPM_ALG, TPM_RC, TPM_RH, TPMA_OBJECT, type TPMT_PUBLIC } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { finishCmac, startCmac, updateCmac } from '../crypto/cmac.ts';
import { finishHash, finishHmac, startHash, startHmac, updateHash } from '../crypto/running-hash.ts';
import { isTicketSafe } from '../signing/tickets.ts';
import type { SequenceObject } from '../state.ts';
import { flushObject, keyAt, objectAt, place } from './objects.ts';

// Part 1 §33, Part 4 Object.c: hashes and HMACs over more data than one command holds.

const fresh = {
  kind: 'sequence',
  hmacKey: new Uint8Array(0),
  cipher: TPM_ALG.NULL,
  ticketSafe: null,
  hierarchy: TPM_RH.NULL,
  evictHandle: null,
} satisfies Partial<SequenceObject>;
const running = (hashAlg: number) => ({ hashAlg, state: startHash(hashAlg) });

/** A sequence in a slot; its handle. Refuses with OBJECT_MEMORY. */
export const startHashSequence = (tpm: Core, hashAlg: number, auth: Uint8Array): number =>
  place(tpm, { ...fresh, what: 'hash', authValue: withoutTrailingZeros(auth), running: [running(hashAlg)] });
/** One hash for each PCR bank. */
export const startEventSequence = (tpm: Core, auth: Uint8Array): number =>
  place(tpm, { ...fresh, what: 'event', authValue: withoutTrailingZeros(auth), running: HASHES.map(({ id }) => running(id)) });
export const startHmacSequence = (tpm: Core, { hashAlg, key, cipher }: Mac, auth: Uint8Array): number =>
  place(tpm, {
    ...fresh,
    what: 'hmac',
    authValue: withoutTrailingZeros(auth),
    hmacKey: key,
    cipher,
    running: [{ hashAlg, state: cipher === TPM_ALG.NULL ? startHmac(hashAlg, key) : startCmac({ cipher: cipherOf(cipher), key }) }],
  });

/** What makes a MAC: a hash with a key, or a cipher (then the algorithm is TPM_ALG_CMAC). */
export interface Mac {
  readonly hashAlg: number;
  readonly key: Uint8Array;
  readonly cipher: number;
}

/** The sequence at a handle, of one of these kinds; all else is refused with `rc`. */
export function sequenceAt(tpm: Core, handle: number, kinds: readonly SequenceObject['what'][], rc: number): SequenceObject {
  const object = objectAt(tpm, handle);
  return object.kind === 'sequence' && kinds.includes(object.what) ? object : refuse(rc);
}

/** The sequence with more data. The first block of a hash decides whether there may be a ticket. */
export function extended(sequence: SequenceObject, data: Uint8Array): SequenceObject {
  return {
    ...sequence,
    // libtpms: fewer than four bytes might be the beginning of TPM_GENERATED_VALUE, so they are not safe here.
    ticketSafe: sequence.what === 'hash' ? (sequence.ticketSafe ?? (data.length >= 4 && isTicketSafe(data))) : null,
    running: sequence.running.map(({ hashAlg, state }) => ({ hashAlg, state: updated(sequence, hashAlg, state, data) })),
  };
}

const updated = ({ cipher, hmacKey }: SequenceObject, hashAlg: number, state: Uint8Array, data: Uint8Array): Uint8Array =>
  cipher === TPM_ALG.NULL ? updateHash(hashAlg, state, data) : updateCmac({ cipher: cipherOf(cipher), key: hmacKey }, state, data);

/** Data that comes with SequenceUpdate. */
export function updateSequence(tpm: Core, handle: number, sequence: SequenceObject, data: Uint8Array): void {
  tpm.state.ram.objects[handle & 0xffffff] = extended(sequence, data);
}

/** The digests of all that came, in the order of the banks. */
export const digestsOf = ({ what, running: hashes, hmacKey, cipher }: SequenceObject): { hashAlg: number; digest: Uint8Array }[] =>
  hashes.map(({ hashAlg, state }) => {
    if (what !== 'hmac') return { hashAlg, digest: finishHash(hashAlg, state) };
    if (cipher === TPM_ALG.NULL) return { hashAlg, digest: finishHmac(hashAlg, hmacKey, state) };
    return { hashAlg, digest: finishCmac({ cipher: cipherOf(cipher), key: hmacKey }, state) };
  });

/** A sequence ends with its command: it still authorizes the response. */
export const endSequence = (tpm: Core, handle: number, afterwards: (() => void)[]): void => {
  afterwards.push(() => flushObject(tpm, handle));
};

/** What the key would make MACs with: its hash, or a cipher's mode. */
function ownScheme(publicArea: TPMT_PUBLIC): number {
  switch (publicArea.type) {
    case TPM_ALG.KEYEDHASH: {
      const { scheme } = publicArea.parameters;
      return scheme.scheme === TPM_ALG.NULL ? TPM_ALG.NULL : scheme.hashAlg;
    }
    case TPM_ALG.SYMCIPHER: {
      const { sym } = publicArea.parameters;
      return sym.mode;
    }
    default:
      return refuse(inHandle(1, TPM_RC.TYPE));
  }
}

/** Algorithm and key of a MAC: the key's scheme decides, or else the caller (Part 3 §15.6.1). */
export function macOf(tpm: Core, handle: number, given: number): Mac {
  const { publicArea, sensitive } = keyAt(tpm, handle, inHandle(1, TPM_RC.TYPE));
  const set = (bit: number) => has(publicArea.objectAttributes, bit);
  const own = ownScheme(publicArea);
  const hashAlg = given === TPM_ALG.NULL ? own : given;
  if (hashAlg === TPM_ALG.NULL || (own !== TPM_ALG.NULL && own !== hashAlg)) refuse(inParameter(2, TPM_RC.VALUE));
  // A hash makes MACs with a keyed hash object, a cipher makes them as CMAC (CryptMacIsValidForKey).
  if ((publicArea.type === TPM_ALG.SYMCIPHER) !== (hashAlg === TPM_ALG.CMAC)) refuse(inParameter(2, TPM_RC.SCHEME));
  if (set(TPMA_OBJECT.bit.restricted)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
  if (!set(TPMA_OBJECT.bit.sign)) refuse(inHandle(1, TPM_RC.KEY));
  const cipher = publicArea.type === TPM_ALG.SYMCIPHER ? publicArea.parameters.sym.algorithm : TPM_ALG.NULL;
  return { hashAlg, key: sensitive?.sensitive ?? new Uint8Array(0), cipher };
}
