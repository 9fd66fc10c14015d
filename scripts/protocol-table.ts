import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyCodec } from '../src/bytes/index.ts';
import { MESSAGES } from '../src/own-firmware/protocol.ts';
import { ROOT } from './layers.ts';
import { rows } from './markdown.ts';

const FILE = 'docs/own-firmware.md';
const BEGIN = '<!-- messages: made by npm run docs from src/own-firmware/protocol.ts -->';
const END = '<!-- end of the messages -->';

/** docs/own-firmware.md with the table of messages as they are declared. */
export function ownFirmware(): string {
  const text = readFileSync(join(ROOT, FILE), 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new RangeError(`${FILE} has no place for its messages`);
  const body = Object.entries(MESSAGES).map(([name, { type, from, answer, about, body: codec }]) => [
    `0x${type.toString(16).padStart(2, '0')}`,
    `\`${name}\``,
    from,
    fieldsOf(codec),
    answer === null ? '' : `\`${answer}\``,
    about,
  ]);
  return `${before}${BEGIN}\n\n${rows(['type', 'message', 'from', 'body', 'answer', 'what it says'], body)}\n\n${END}${after}`;
}

function fieldsOf(codec: AnyCodec): string {
  const { shape } = codec;
  const fields = shape.kind === 'struct' ? Object.entries(shape.fields) : [];
  return fields.map(([name, field]) => `${name}: ${typeOf(field)}`).join(', ');
}

function typeOf({ name, shape }: AnyCodec): string {
  if (shape.kind === 'uint') return `${shape.bytes}`;
  if (shape.kind === 'enum') return typeOf(shape.base);
  if (shape.kind === 'bytes') return shape.width === 2 ? 'text' : 'bytes';
  return name.toLowerCase();
}
