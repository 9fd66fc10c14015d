import { refuse } from '../refusal.ts';
import { withoutTrailingZeros } from '../session-crypto.ts';
import { HASHES, TPM_RH } from '../wire/index.ts';
import type { Core } from './core.ts';
import { flushObject, objectAt, place } from './objects.ts';
import { finishHash, finishHmac, startHash, startHmac, updateHash } from './running-hash.ts';
import type { SequenceObject } from './state.ts';
import { isTicketSafe } from './tickets.ts';

// Part 1 §33, Part 4 Object.c: hashes and HMACs over more data than one command holds.

const fresh = {
  kind: 'sequence',
  hmacKey: new Uint8Array(0),
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
export const startHmacSequence = (tpm: Core, hashAlg: number, key: Uint8Array, auth: Uint8Array): number =>
  place(tpm, {
    ...fresh,
    what: 'hmac',
    authValue: withoutTrailingZeros(auth),
    hmacKey: key,
    running: [{ hashAlg, state: startHmac(hashAlg, key) }],
  });

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
    running: sequence.running.map(({ hashAlg, state }) => ({ hashAlg, state: updateHash(hashAlg, state, data) })),
  };
}

/** Data that comes with SequenceUpdate. */
export function updateSequence(tpm: Core, handle: number, sequence: SequenceObject, data: Uint8Array): void {
  tpm.state.ram.objects[handle & 0xffffff] = extended(sequence, data);
}

/** The digests of all that came, in the order of the banks. */
export const digestsOf = ({ what, running: hashes, hmacKey }: SequenceObject): { hashAlg: number; digest: Uint8Array }[] =>
  hashes.map(({ hashAlg, state }) => ({
    hashAlg,
    digest: what === 'hmac' ? finishHmac(hashAlg, hmacKey, state) : finishHash(hashAlg, state),
  }));

/** A sequence ends with its command: it still authorizes the response. */
export const endSequence = (tpm: Core, handle: number, afterwards: (() => void)[]): void => {
  afterwards.push(() => flushObject(tpm, handle));
};
