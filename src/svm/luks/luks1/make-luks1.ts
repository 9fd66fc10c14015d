import { encode, utf8 } from '../../../bytes/index.ts';
import { afSplit, type Chance } from '../af.ts';
import { sectorCipher } from '../cipher.ts';
import { derivePbkdf2 } from '../hashes.ts';
import { DEFAULT_CIPHER, DEFAULT_KEY_BYTES, hashOfSlot, type LuksRecipe } from '../make-options.ts';
import { HEADER_BYTES, KEY_DISABLED, KEY_ENABLED, KEY_SLOTS, luks_phdr } from './header.ts';

const SECTOR = 512;
const STRIPES = 4000;
/** cryptsetup lets key material begin at whole 4 KiB, payloads at whole MiB. */
const MATERIAL_ALIGNMENT = 4096;
const ALIGNMENT = 1 << 20;
/** cryptsetup's least: the volume key is random, so the digest needs no cost. */
const DIGEST_ITERATIONS = 1000;

/** A LUKS1 volume (LUKS1 On-Disk Format §4.1); the recipe is checked. All eight key slots have their place, used or not. */
export async function makeLuks1(
  recipe: LuksRecipe,
  chance: Chance,
  uuid: string,
): Promise<{ readonly image: Uint8Array; readonly volumeKey: Uint8Array }> {
  const { payload, keyslots, cipher = DEFAULT_CIPHER, keyBytes = DEFAULT_KEY_BYTES } = recipe;
  const hash = hashOfSlot(keyslots[0] ?? {});
  const volumeKey = chance.bytes(keyBytes);
  const areaBytes = roundUp(keyBytes * STRIPES, MATERIAL_ALIGNMENT);
  const areaOf = (slot: number): number => roundUp(HEADER_BYTES, MATERIAL_ALIGNMENT) + slot * areaBytes;
  const offset = roundUp(areaOf(KEY_SLOTS), ALIGNMENT);
  const image = new Uint8Array(offset + roundUp(payload.length, SECTOR));
  const slots: luks_phdr['key-slots'][number][] = [];
  for (let number = 0; number < KEY_SLOTS; number++) {
    const place = { 'key-material-offset': areaOf(number) / SECTOR, stripes: STRIPES };
    const slot = keyslots[number];
    if (!slot) {
      slots.push({ active: KEY_DISABLED, iterations: 0, salt: new Uint8Array(32), ...place });
      continue;
    }
    const iterations = slot.kdf?.iterations ?? 1000;
    const salt = chance.bytes(32);
    const secret = typeof slot.passphrase === 'string' ? utf8(slot.passphrase) : slot.passphrase;
    const areaKey = await derivePbkdf2(hash, secret, salt, iterations, keyBytes);
    const material = new Uint8Array(roundUp(keyBytes * STRIPES, SECTOR));
    material.set(afSplit(volumeKey, STRIPES, hash, chance));
    image.set(sectorCipher(cipher, areaKey).encrypt(material, 0), areaOf(number));
    slots.push({ active: KEY_ENABLED, iterations, salt, ...place });
  }
  const digestSalt = chance.bytes(32);
  const [name = '', ...mode] = cipher.split('-');
  const header = encode(luks_phdr, {
    magic: Uint8Array.from([0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]),
    version: 1,
    'cipher-name': padded(name, 32),
    'cipher-mode': padded(mode.join('-'), 32),
    'hash-spec': padded(hash, 32),
    'payload-offset': offset / SECTOR,
    'key-bytes': keyBytes,
    'mk-digest': await derivePbkdf2(hash, volumeKey, digestSalt, DIGEST_ITERATIONS, 20),
    'mk-digest-salt': digestSalt,
    'mk-digest-iter': DIGEST_ITERATIONS,
    uuid: padded(uuid, 40),
    'key-slots': slots,
  });
  image.set(header);
  const clear = new Uint8Array(image.length - offset);
  clear.set(payload);
  image.set(sectorCipher(cipher, volumeKey).encrypt(clear, 0), offset);
  return { image, volumeKey };
}

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit;

function padded(text: string, bytes: number): Uint8Array {
  const field = new Uint8Array(bytes);
  field.set(utf8(text));
  return field;
}
