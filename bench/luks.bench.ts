import { createDecipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fromHex } from '../src/bytes/index.ts';
import { memorySource, openPayload, readLuks } from '../src/svm/luks/index.ts';
import type { Bench } from './harness.ts';

interface Recorded {
  readonly image: string;
  readonly sectorSize: 512 | 4096;
  readonly volumeKeyHex: string;
}

const folder = new URL('../fixtures/observed/luks/', import.meta.url);
const recorded = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as readonly Recorded[];

/** The payload of a recorded volume, 1 MiB: ours, and node:crypto's XTS with one cipher for each sector, as its tweak wants it. */
function pair(sectorSize: 512 | 4096): readonly Bench[] {
  const { image: file, volumeKeyHex } = recorded.find(volume => volume.sectorSize === sectorSize)!;
  const volumeKey = fromHex(volumeKeyHex);
  const image = new Uint8Array(readFileSync(new URL(file, folder)));
  const volume = readLuks(memorySource(image));
  const { offset, size } = volume.segment;
  const encrypted = image.subarray(offset, offset + size);
  const payload = openPayload(volume, { volumeKey });
  const raw = (): Uint8Array => {
    const clear = new Uint8Array(size);
    const iv = Buffer.alloc(16);
    for (let at = 0; at < size; at += sectorSize) {
      iv.writeUInt32LE(at / 512);
      clear.set(createDecipheriv('aes-256-xts', volumeKey, iv).update(encrypted.subarray(at, at + sectorSize)), at);
    }
    return clear;
  };
  if (Buffer.compare(raw(), payload.read(0, size)) !== 0) throw new Error('the two do not decrypt to the same bytes');
  const name = `node:crypto AES-XTS, ${sectorSize}-byte sectors, 1 MiB`;
  return [
    { name, run: raw },
    // At least 80 % of its speed.
    { name: `LUKS payload, ${sectorSize}-byte sectors, 1 MiB`, run: () => payload.read(0, size), limit: { times: 1.25, of: name } },
  ];
}

export const benches: readonly Bench[] = [...pair(512), ...pair(4096)];
