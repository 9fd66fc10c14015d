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
  readonly kdf?: KdfCost | undefined;
  readonly priority?: 'prefer' | 'normal' | 'ignore';
}

/** A volume to be made. */
export interface LuksRecipe {
  /** 2 if not given. LUKS1 has PBKDF2 only, one hash for all, sectors of 512 bytes, and no label. */
  readonly version?: 1 | 2;
  /** `aes-xts-plain64` if not given. */
  readonly cipher?: string;
  /** Filled up with zeros to a whole sector. */
  readonly payload: Uint8Array;
  readonly keyslots: readonly NewKeyslot[];
  readonly label?: string;
  readonly subsystem?: string;
  /** Drawn when it is not given. */
  readonly uuid?: string;
  readonly sectorBytes?: 512 | 1024 | 2048 | 4096;
  /** Of the volume key: 64 if not given (AES-256 in XTS), 32 for AES-128 in XTS or AES-256 in CBC. */
  readonly keyBytes?: number;
}

export const DEFAULT_CIPHER = 'aes-xts-plain64';
export const DEFAULT_KEY_BYTES = 64;

/** LUKS1 §5.2, LUKS2 §3.2. */
const MAX_KEYSLOTS = { 1: 8, 2: 32 } as const;

/** @throws {LuksError} `option`, naming the first field that cannot be. */
export function checkRecipe(recipe: LuksRecipe): void {
  const { version = 2, keyslots, label = '', subsystem = '', uuid, sectorBytes = 512 } = recipe;
  const { cipher = DEFAULT_CIPHER, keyBytes = DEFAULT_KEY_BYTES } = recipe;
  const refuse = (field: string, what: string): never => {
    throw new LuksError('option', what, { field });
  };
  const most = MAX_KEYSLOTS[version];
  if (keyslots.length === 0 || keyslots.length > most)
    refuse('keyslots', `${keyslots.length} key slots; a LUKS${version} volume has 1 to ${most}`);
  if (utf8(label).length > 47) refuse('label', 'is longer than 47 bytes');
  if (utf8(subsystem).length > 47) refuse('subsystem', 'is longer than 47 bytes');
  if (uuid !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) refuse('uuid', 'is no UUID');
  if (![512, 1024, 2048, 4096].includes(sectorBytes)) refuse('sectorBytes', `${sectorBytes}; sectors have 512, 1024, 2048 or 4096 bytes`);
  const problem = cipherProblem(cipher, keyBytes);
  if (problem !== undefined) refuse(problem.startsWith('cipher') ? 'cipher' : 'keyBytes', problem);
  for (const [i, { passphrase, kdf }] of keyslots.entries()) {
    const field = `keyslots[${i}]`;
    if (passphrase.length === 0) refuse(`${field}.passphrase`, 'is empty');
    if (kdf) checkCost(kdf, (key, what) => refuse(`${field}.kdf.${key}`, what));
  }
  if (version === 1) checkLuks1(recipe, refuse);
}

/** What LUKS1 has no place for in its header. */
function checkLuks1({ keyslots, label, subsystem, sectorBytes = 512 }: LuksRecipe, refuse: (field: string, what: string) => never): void {
  if (label) refuse('label', 'LUKS1 has none');
  if (subsystem) refuse('subsystem', 'LUKS1 has none');
  if (sectorBytes !== 512) refuse('sectorBytes', `${sectorBytes}; LUKS1 has sectors of 512 bytes`);
  const [first] = keyslots;
  for (const [i, { kdf, priority }] of keyslots.entries()) {
    if (kdf && kdf.type !== 'pbkdf2') refuse(`keyslots[${i}].kdf.type`, `${kdf.type}; LUKS1 has pbkdf2 only`);
    if (priority !== undefined && priority !== 'normal') refuse(`keyslots[${i}].priority`, 'LUKS1 has none');
    if (first && hashOfSlot({ kdf }) !== hashOfSlot(first)) refuse(`keyslots[${i}].kdf.hash`, 'LUKS1 has one hash for all key slots');
  }
}

export const hashOfSlot = ({ kdf }: Pick<NewKeyslot, 'kdf'>): string => (kdf?.type === 'pbkdf2' && kdf.hash) || 'sha256';

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
