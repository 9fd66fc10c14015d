import { z } from 'zod';
import { concat } from '../../../bytes/index.ts';
import { CONTENTS } from '../../language/values.ts';
import { bytesAction } from '../action.ts';
import { where } from '../scene.ts';

const BYTE = z.int().min(0).describe('Byte, counted from 0.');
const FROM_END = z.boolean().optional().describe('Count from the end: 0 is the last byte.');
const at = (length: number, byte: number, fromEnd: boolean | undefined): number => (fromEnd ? length - 1 - byte : byte);
/** Marks that `explore` writes, so that a person finds them in a dump. */
const MARK = { hex: 'ba'.repeat(16) };

/** Bytes worth turning over where nothing is known of their meaning. */
const places = (length: number): number[] =>
  [...new Set([0, 5, 9, 12, Math.floor(length / 2), length - 1])].filter(n => n >= 0 && n < length);

export const flip = bytesAction({
  name: 'flip',
  about: 'Turns one bit over.',
  at: ['tpm-request', 'tpm-response', 'page', 'memory'],
  fields: { byte: BYTE, bit: z.int().min(0).max(7).optional().describe('Bit of the byte, 0 the least; default 0.'), fromEnd: FROM_END },
  variants: ({ bytes = 0, fields }) => fields?.map(field => ({ byte: 0, fromEnd: true, field })) ?? places(bytes).map(byte => ({ byte })),
  apply(bytes, { byte, bit = 0, fromEnd }, scene) {
    const index = at(bytes.length, byte, fromEnd);
    const old = bytes[index];
    if (old === undefined) return null;
    scene.tell(where(scene), `bit ${bit} of byte ${index} is turned over`);
    return bytes.with(index, old ^ (1 << bit));
  },
});

export const overwrite = bytesAction({
  name: 'overwrite',
  about: 'Puts other bytes in the place of some.',
  at: ['tpm-request', 'tpm-response', 'page', 'memory'],
  fields: { byte: BYTE, contents: CONTENTS.describe('What is written there.'), fromEnd: FROM_END },
  variants: ({ bytes = 0 }) => (bytes >= 26 ? [{ byte: 10, contents: MARK }] : []),
  apply(bytes, { byte, contents, fromEnd }, scene) {
    const index = at(bytes.length, byte, fromEnd);
    if (index < 0 || index >= bytes.length) return null;
    const given = scene.bytesOf(contents).subarray(0, bytes.length - index);
    scene.tell(where(scene), `${given.length} bytes from byte ${index} on are overwritten`);
    const out = bytes.slice();
    out.set(given, index);
    return out;
  },
});

export const substitute = bytesAction({
  name: 'substitute',
  about: 'Puts something else in the place of the whole.',
  at: ['tpm-request', 'tpm-response', 'page', 'memory'],
  fields: { contents: CONTENTS.describe('What takes its place.') },
  variants: ({ point }) => (point === 'tpm-response' ? [{ contents: { hex: '80010000000a00000000' } }] : [{ contents: MARK }]),
  apply(bytes, { contents }, scene) {
    const given = scene.bytesOf(contents);
    scene.tell(where(scene), `${given.length} other bytes take the place of ${bytes.length}`);
    return given;
  },
});

export const truncate = bytesAction({
  name: 'truncate',
  about: 'Cuts off the end. In memory, zeros take its place.',
  at: ['tpm-request', 'tpm-response', 'memory'],
  fields: { length: z.int().min(0).describe('Bytes that are left.') },
  variants: ({ bytes = 0 }) => [...new Set([bytes - 1, Math.min(9, bytes - 1)])].filter(n => n > 0).map(length => ({ length })),
  apply(bytes, { length }, scene) {
    if (length >= bytes.length) return null;
    scene.tell(where(scene), `${length} of ${bytes.length} bytes are left`);
    return bytes.slice(0, length);
  },
});

export const extend = bytesAction({
  name: 'extend',
  about: 'Adds bytes at the end. In memory they lie behind it: in the rest of its last page, where no digest looks.',
  at: ['tpm-request', 'tpm-response', 'memory'],
  fields: { contents: CONTENTS.describe('What is added.') },
  variants: () => [{ contents: MARK }],
  apply(bytes, { contents }, scene) {
    const given = scene.bytesOf(contents);
    scene.tell(where(scene), `${given.length} bytes are added behind ${bytes.length}`);
    return concat(bytes, given);
  },
});
