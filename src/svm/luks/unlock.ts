import { utf8 } from '../../bytes/index.ts';
import { cipherProblem } from './cipher.ts';
import { overwrittenAt } from './damage.ts';
import { type FileSystem, recogniseFileSystem } from './filesystems/index.ts';
import { type CostLimits, describeKdf, kdfProblem } from './kdf.ts';
import { candidateKey, fitsDigest } from './keyslot.ts';
import { openPayload } from './payload.ts';
import type { Kdf, Keyslot, LuksVolume } from './volume.ts';

/** How far the work is. `deriving` is what takes the time. */
export interface UnlockProgress {
  readonly keyslot: number;
  readonly stage: 'deriving' | 'merging' | 'opened' | 'no match';
  readonly kdf: Kdf;
  /** The derivation and its cost in words. */
  readonly text: string;
}

export interface UnlockOptions {
  /** Told before and after each key slot. With it Argon2 computes in another thread: the event loop is free to show that it works. */
  readonly onProgress?: (progress: UnlockProgress) => void;
  /** Only this key slot, also when its priority is `ignore`. */
  readonly keyslot?: number;
  /** Key slots that cost more are skipped. */
  readonly limits?: CostLimits;
}

/** What became of a key slot. */
export interface KeyslotTry {
  readonly keyslot: number;
  readonly outcome: 'opened' | 'no match' | 'skipped';
  /** Why it was skipped. */
  readonly why?: string;
}

export interface Unlocked {
  readonly opened: true;
  readonly volumeKey: Uint8Array;
  readonly keyslot: number;
  readonly kdf: Kdf;
  readonly tries: readonly KeyslotTry[];
}

/** A volume that stays locked, and what is known of the reason. */
export interface Refused {
  readonly opened: false;
  /**
   * `no-key-slot`: none gives the volume key, so the passphrase is wrong, as far as can be told; `key-area`: the same, and key material
   * was written over; `digest`: the passphrase is right, for the payload makes sense under its key, but the digest denies it.
   */
  readonly reason: 'no-key-slot' | 'key-area' | 'digest';
  readonly text: string;
  /** First byte of the damage. */
  readonly offset?: number;
  readonly tries: readonly KeyslotTry[];
}

/**
 * Tries the key slots in order of priority (LUKS2 §3.2) until one gives the volume key that the digest knows. A passphrase that opens
 * nothing is an outcome, not an error; no key that the digest denies is ever given out.
 * @param passphrase text is taken as UTF-8; of a file every byte counts, a final newline too, as in `cryptsetup --key-file`.
 */
export async function unlock(
  volume: LuksVolume,
  passphrase: string | Uint8Array,
  options: UnlockOptions = {},
): Promise<Unlocked | Refused> {
  const { onProgress, keyslot, limits } = options;
  const secret = typeof passphrase === 'string' ? utf8(passphrase) : passphrase;
  const tries: KeyslotTry[] = [];
  const denied: { slot: Keyslot; candidate: Uint8Array }[] = [];
  for (const slot of volume.keyslots) {
    const { number, kdf } = slot;
    const why = reasonToSkip(volume, slot, keyslot) ?? kdfProblem(kdf, secret, limits) ?? digestProblem(volume, limits);
    if (why !== undefined) {
      if (keyslot === undefined || keyslot === number) tries.push({ keyslot: number, outcome: 'skipped', why });
      continue;
    }
    const tell = (stage: UnlockProgress['stage']) => onProgress?.({ keyslot: number, stage, kdf, text: describeKdf(kdf) });
    tell('deriving');
    const candidate = await candidateKey(volume, slot, secret, onProgress !== undefined);
    tell('merging');
    const outcome = (await fitsDigest(volume.digest, candidate)) ? 'opened' : 'no match';
    tell(outcome);
    tries.push({ keyslot: number, outcome });
    if (outcome === 'opened') return { opened: true, volumeKey: candidate, keyslot: number, kdf, tries };
    denied.push({ slot, candidate });
  }
  return refusal(volume, tries, denied);
}

/** Whether this is the volume's key, which `cryptsetup luksDump --dump-volume-key` shows. */
export const checkVolumeKey = (volume: LuksVolume, volumeKey: Uint8Array): Promise<boolean> => fitsDigest(volume.digest, volumeKey);

function reasonToSkip({ digest }: LuksVolume, slot: Keyslot, wanted: number | undefined): string | undefined {
  if (wanted !== undefined && wanted !== slot.number) return 'another key slot was asked for';
  if (wanted === undefined && slot.priority === 'ignore') return 'its priority is "ignore"';
  if (!digest.keyslots.includes(slot.number)) return 'its key is not that of the data (an unbound key slot)';
  return slot.problem;
}

function digestProblem({ digest: { iterations } }: LuksVolume, { iterations: limit = iterations }: CostLimits = {}): string | undefined {
  return iterations > limit ? `a digest with ${iterations} iterations; the limit is ${limit}` : undefined;
}

function refusal(volume: LuksVolume, tries: readonly KeyslotTry[], denied: readonly { slot: Keyslot; candidate: Uint8Array }[]): Refused {
  for (const { slot, candidate } of denied) {
    const system = makesSense(volume, candidate);
    if (!system) continue;
    const { offset } = volume.digest;
    const text = `the digest of the volume key is damaged (byte ${offset}): under the key of key slot ${slot.number} the payload is ${system.type}`;
    return { opened: false, reason: 'digest', text, offset, tries };
  }
  for (const { slot } of denied) {
    const offset = overwrittenAt(volume.image, slot);
    if (offset === undefined) continue;
    const text = `no key slot opens with this passphrase, and the key area of key slot ${slot.number} was written over at byte ${offset}`;
    return { opened: false, reason: 'key-area', text, offset, tries };
  }
  return {
    opened: false,
    reason: 'no-key-slot',
    text: nothingOpens(
      tries,
      denied.map(({ slot }) => slot),
    ),
    tries,
  };
}

function nothingOpens(tries: readonly KeyslotTry[], tried: readonly Keyslot[]): string {
  const skipped = tries.flatMap(({ keyslot, why }) => (why === undefined ? [] : [`key slot ${keyslot} was skipped: ${why}`]));
  const areas = tried.map(({ number, area }) => `${number}: bytes ${area.offset} to ${area.offset + area.size}`).join('; ');
  const denied =
    areas === '' ? [] : [`the passphrase is wrong, or a bit of the key area is (key slot ${areas}), of which LUKS has no checksum`];
  return ['no key slot opens with this passphrase', ...denied, ...skipped].join('; ');
}

/** Garbage has no superblock: a payload with one was decrypted with the right key. */
function makesSense(volume: LuksVolume, candidate: Uint8Array): FileSystem | undefined {
  if (cipherProblem(volume.segment.cipher, candidate.length) !== undefined) return undefined;
  return recogniseFileSystem(openPayload(volume, { volumeKey: candidate }));
}
