import { z } from 'zod';
import { DecodeError } from '../../../bytes/index.ts';
import { deleteProperty, type Fdt, filesFdt, findProperty, readFdt, setProperty, writeFdt } from '../../../svm/format/index.ts';
import { bytesAction } from '../action.ts';
import type { Scene } from '../scene.ts';

const SEALED = ['mac', 'iv', 'ciphertext'] as const;
const DIGESTS = '/digest/digests-fdt';
const ATTACHMENT = z.string().min(1).max(31).describe('Name of an attachment.');

export const exchangeFiles = bytesAction({
  name: 'exchange-files',
  about: "Exchanges two attachments of the ESM blob: each keeps its name and gets the other's sealed contents (threat 9).",
  at: ['memory'],
  fields: { first: ATTACHMENT, second: ATTACHMENT },
  variants: () => [], // it takes names, which a search does not know
  apply: (bytes, { first, second }, scene) =>
    edited(bytes, scene, `${first} and ${second} change places`, blob => {
      const files = readFdt(filesFdt(blob) ?? new Uint8Array(0));
      const of = (file: string, name: string): Uint8Array => findProperty(files, `/files/${file}`, name) ?? new Uint8Array(0);
      const swapped = SEALED.reduce(
        (tree, name) =>
          setProperty(setProperty(tree, `/files/${first}`, name, of(second, name)), `/files/${second}`, name, of(first, name)),
        files,
      );
      return setProperty(blob, '/file', 'files-fdt', writeFdt(swapped));
    }),
});

export const removeFiles = bytesAction({
  name: 'remove-files',
  about: 'Takes all attachments out of the ESM blob (threat 10).',
  at: ['memory'],
  fields: {},
  variants: ({ region }) => (region === 'blob' ? [{}] : []),
  apply: (bytes, _fields, scene) =>
    edited(bytes, scene, 'all attachments are taken away', blob => deleteProperty(blob, '/file', 'files-fdt')),
});

export const shortenTag = bytesAction({
  name: 'shorten-tag',
  about: 'Cuts the GCM tag of the sealed digests in the ESM blob to its first bytes (threat 38).',
  at: ['memory'],
  fields: { bytes: z.int().min(0).max(15).describe('Bytes that are left of 16.') },
  variants: ({ region }) => (region === 'blob' ? [{ bytes: 4 }] : []),
  apply: (bytes, { bytes: left }, scene) =>
    edited(bytes, scene, `the tag of the digests has ${left} bytes`, blob => {
      const tag = findProperty(blob, DIGESTS, 'mac') ?? new Uint8Array(0);
      return setProperty(blob, DIGESTS, 'mac', tag.slice(0, left));
    }),
});

/** The blob with an edit; null where there is none, or another action has spoilt it. */
function edited(bytes: Uint8Array, scene: Scene, what: string, edit: (blob: Fdt) => Fdt): Uint8Array | null {
  if (scene.moment.region !== 'blob') return null;
  try {
    const blob = writeFdt(edit(readFdt(bytes)));
    scene.tell('blob', what);
    return blob;
  } catch (error) {
    if (error instanceof DecodeError || error instanceof RangeError) return null;
    throw error;
  }
}
