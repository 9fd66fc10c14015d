import { utf8 } from '../../bytes/index.ts';
import { MAX_ARGON2_KIB } from './argon2.ts';
import { cipherProblem } from './cipher.ts';
import { LuksError } from './fault.ts';
import { hashNames, isHash, MAX_PBKDF2_ITERATIONS } from './hashes.ts';

/** What a derivation shall cost. The defaults are for tests: a real volume wants a second of somebody's time. */
export type KdfCost =
  | { readonly type: 'pbkdf2'; readonly hash?: string; readonly iterations?: number }
  | { readonly type: 'argon2i' | 'argon2id'; readonly iterations?: number; readonly memoryKiB?: number; readonly lanes?: number };

export interface NewKeyslot {
  /** Text is taken as UTF-8. */
  readonly passphrase: string | Uint8Array;
  readonly kdf?: KdfCost;
  readonly priority?: 'prefer' | 'normal' | 'ignore';
}

/** A LUKS2 volume to be made. */
export interface LuksRecipe {
  /** Filled up with zeros to a whole sector. */
  readonly payload: Uint8Array;
  readonly keyslots: readonly NewKeyslot[];
  readonly label?: string;
  readonly subsystem?: string;
  /** Drawn when it is not given. */
  readonly uuid?: string;
  readonly sectorBytes?: 512 | 1024 | 2048 | 4096;
  /** 64 (AES-256 in XTS) or 32 (AES-128). */
  readonly keyBytes?: 64 | 32;
}

/** LUKS2 §3.2: at most 32 key slots. */
const MAX_KEYSLOTS = 32;

/** @throws {LuksError} `option`, naming the first field that cannot be. */
export function checkRecipe({ keyslots, label = '', subsystem = '', uuid, sectorBytes = 512, keyBytes = 64 }: LuksRecipe): void {
  const refuse = (field: string, what: string): never => {
    throw new LuksError('option', what, { field });
  };
  if (keyslots.length === 0 || keyslots.length > MAX_KEYSLOTS)
    refuse('keyslots', `${keyslots.length} key slots; a volume has 1 to ${MAX_KEYSLOTS}`);
  if (utf8(label).length > 47) refuse('label', 'is longer than 47 bytes');
  if (utf8(subsystem).length > 47) refuse('subsystem', 'is longer than 47 bytes');
  if (uuid !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) refuse('uuid', 'is no UUID');
  if (![512, 1024, 2048, 4096].includes(sectorBytes)) refuse('sectorBytes', `${sectorBytes}; sectors have 512, 1024, 2048 or 4096 bytes`);
  if (cipherProblem('aes-xts-plain64', keyBytes) !== undefined)
    refuse('keyBytes', `${keyBytes}; a key for aes-xts-plain64 has 32 or 64 bytes`);
  for (const [i, { passphrase, kdf }] of keyslots.entries()) {
    const field = `keyslots[${i}]`;
    if (passphrase.length === 0) refuse(`${field}.passphrase`, 'is empty');
    if (kdf) checkCost(kdf, (key, what) => refuse(`${field}.kdf.${key}`, what));
  }
}

function checkCost(kdf: KdfCost, refuse: (field: string, what: string) => never): void {
  const { iterations = 1000 } = kdf;
  const inRange = (value: number, least: number, most: number): boolean => Number.isInteger(value) && value >= least && value <= most;
  if (!inRange(iterations, 1, MAX_PBKDF2_ITERATIONS)) refuse('iterations', `${iterations} is no count of iterations`);
  if (kdf.type === 'pbkdf2') {
    if (kdf.hash !== undefined && !isHash(kdf.hash)) refuse('hash', `is none of ${hashNames.join(', ')}`);
    return;
  }
  const { memoryKiB = 64, lanes = 1 } = kdf;
  if (!inRange(lanes, 1, 4)) refuse('lanes', `${lanes}; cryptsetup takes 1 to 4`);
  // cryptsetup refuses less than 32 KiB; RFC 9106 §3.1 wants 8 KiB for each lane.
  if (!inRange(memoryKiB, Math.max(32, 8 * lanes), MAX_ARGON2_KIB)) refuse('memoryKiB', `${memoryKiB} KiB cannot be had`);
}
