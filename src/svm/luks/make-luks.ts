import { utf8 } from '../../bytes/index.ts';
import { afSplit, type Chance } from './af.ts';
import { sectorCipher } from './cipher.ts';
import { derivePbkdf2 } from './hashes.ts';
import { deriveKey } from './kdf.ts';
import { makeLuks1 } from './luks1/make-luks1.ts';
import { toBase64 } from './luks2/base64.ts';
import { writeHeaders } from './luks2/write.ts';
import { checkRecipe, DEFAULT_CIPHER, DEFAULT_KEY_BYTES, type KdfCost, type LuksRecipe, type NewKeyslot } from './make-options.ts';
import { drawUuid } from './uuid.ts';
import type { Kdf } from './volume.ts';

const HDR_SIZE = 16_384;
const KEYSLOTS_START = 2 * HDR_SIZE;
const STRIPES = 4000;
/** cryptsetup lets payloads begin at whole MiB. */
const ALIGNMENT = 1 << 20;
const PRIORITIES = { ignore: 0, normal: 1, prefer: 2 } as const;
/** cryptsetup's least: the volume key is random, so the digest needs no cost. */
const DIGEST_ITERATIONS = 1000;

export interface MadeVolume {
  readonly image: Uint8Array;
  /** For whoever registers secrets. */
  readonly volumeKey: Uint8Array;
}

/**
 * Makes a volume, as `cryptsetup luksFormat` and a copy of the payload onto the opened device would.
 * @param chance the volume key, salts, stripes and UUID are drawn from it: the same seed makes the same image.
 * @throws {LuksError} `option`.
 */
export async function makeLuks(recipe: LuksRecipe, chance: Chance): Promise<MadeVolume> {
  checkRecipe(recipe);
  return recipe.version === 1 ? makeLuks1(recipe, chance, recipe.uuid ?? drawUuid(chance)) : makeLuks2(recipe, chance);
}

async function makeLuks2(recipe: LuksRecipe, chance: Chance): Promise<MadeVolume> {
  const { payload, keyslots, label = '', subsystem = '', sectorBytes = 512 } = recipe;
  const { cipher = DEFAULT_CIPHER, keyBytes = DEFAULT_KEY_BYTES } = recipe;
  const uuid = recipe.uuid ?? drawUuid(chance);
  const volumeKey = chance.bytes(keyBytes);
  const areaBytes = roundUp(keyBytes * STRIPES, 4096);
  const offset = roundUp(KEYSLOTS_START + areaBytes * keyslots.length, ALIGNMENT);
  const payloadBytes = roundUp(payload.length, sectorBytes);
  const image = new Uint8Array(offset + payloadBytes);
  const slots: Record<string, object> = {};
  for (const [i, slot] of keyslots.entries()) {
    const area = { offset: KEYSLOTS_START + i * areaBytes, size: areaBytes };
    const { material, json } = await makeKeyslot(slot, volumeKey, cipher, chance);
    image.set(material, area.offset);
    slots[i] = { ...json, area: { type: 'raw', offset: `${area.offset}`, size: `${area.size}`, encryption: cipher, key_size: keyBytes } };
  }
  const salt = chance.bytes(32);
  const digest = await derivePbkdf2('sha256', volumeKey, salt, DIGEST_ITERATIONS, 32);
  const metadata = {
    keyslots: slots,
    tokens: {},
    segments: { 0: { type: 'crypt', offset: `${offset}`, size: 'dynamic', iv_tweak: '0', encryption: cipher, sector_size: sectorBytes } },
    digests: {
      0: {
        type: 'pbkdf2',
        keyslots: Object.keys(slots),
        segments: ['0'],
        hash: 'sha256',
        iterations: DIGEST_ITERATIONS,
        salt: toBase64(salt),
        digest: toBase64(digest),
      },
    },
    config: { json_size: `${HDR_SIZE - 4096}`, keyslots_size: `${offset - KEYSLOTS_START}` },
  };
  const json = JSON.stringify(metadata);
  image.set(writeHeaders({ hdr_size: HDR_SIZE, seqid: 1n, uuid, label, subsystem, json }, chance));
  const clear = new Uint8Array(payloadBytes);
  clear.set(payload);
  image.set(sectorCipher(cipher, volumeKey, sectorBytes).encrypt(clear, 0), offset);
  return { image, volumeKey };
}

/** LUKS2 §3.2: the stripes of the volume key under the passphrase's key, and the key slot's JSON but for its area. */
async function makeKeyslot(
  slot: NewKeyslot,
  volumeKey: Uint8Array,
  cipher: string,
  chance: Chance,
): Promise<{ material: Uint8Array; json: object }> {
  const { passphrase, kdf: cost = { type: 'pbkdf2' }, priority = 'normal' } = slot;
  const kdf = withDefaults(cost, chance.bytes(32));
  const secret = typeof passphrase === 'string' ? utf8(passphrase) : passphrase;
  const areaKey = await deriveKey(kdf, secret, volumeKey.length, false);
  const stripes = afSplit(volumeKey, STRIPES, 'sha256', chance);
  const json = {
    type: 'luks2',
    key_size: volumeKey.length,
    // 1 is what its absence means (§3.2).
    ...(priority === 'normal' ? {} : { priority: PRIORITIES[priority] }),
    af: { type: 'luks1', stripes: STRIPES, hash: 'sha256' },
    kdf: kdfJson(kdf),
  };
  return { material: sectorCipher(cipher, areaKey).encrypt(wholeSectors(stripes), 0), json };
}

function withDefaults(cost: KdfCost, salt: Uint8Array): Kdf {
  if (cost.type === 'pbkdf2') return { type: 'pbkdf2', hash: cost.hash ?? 'sha256', iterations: cost.iterations ?? 1000, salt };
  const { type, iterations = 4, memoryKiB = 64, lanes = 1 } = cost;
  return { type, iterations, memoryKiB, lanes, salt };
}

function kdfJson(kdf: Kdf): object {
  const salt = toBase64(kdf.salt);
  if (kdf.type === 'pbkdf2') return { type: 'pbkdf2', hash: kdf.hash, iterations: kdf.iterations, salt };
  return { type: kdf.type, time: kdf.iterations, memory: kdf.memoryKiB, cpus: kdf.lanes, salt };
}

/** Stripes of keys that do not fill the last sector have zeros behind them. */
function wholeSectors(stripes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(roundUp(stripes.length, 512));
  whole.set(stripes);
  return whole;
}

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;
