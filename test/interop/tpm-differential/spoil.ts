import { concat } from '../../../src/bytes/index.ts';
import type { Dice } from './dice.ts';
import type { Both } from './pair.ts';

// Mischief: the same to both TPMs, and only where what they get is alike.

/** Parameters cut, lengthened or changed in one byte; the same ones when there is nothing to change. */
export function spoilParameters(parameters: Both<Uint8Array>, dice: Dice): Both<Uint8Array> {
  const [a, b] = parameters;
  const how = dice.below(5);
  if (how === 0) return [concat(a, Uint8Array.of(0)), concat(b, Uint8Array.of(0))];
  if (how === 1 && a.length > 0 && b.length > 0) {
    const keep = dice.below(Math.min(a.length, b.length));
    return [a.slice(0, keep), b.slice(0, keep)];
  }
  const alike = [...a.keys()].filter(i => a[i] === b[i]);
  if (alike.length === 0) return parameters;
  const at = dice.pick(alike.slice(0, dice.percent(50) ? 12 : alike.length));
  const value = dice.pick([0, 1, 255, 128, (a[at] ?? 0) ^ (1 << dice.below(8)), dice.below(256)]);
  return [withByte(a, at, value), withByte(b, at, value)];
}

const withByte = (bytes: Uint8Array, at: number, value: number): Uint8Array => bytes.map((byte, i) => (i === at ? value : byte));

function resized(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(2, copy.length);
  return copy;
}

/** A command as it travels: cut, lengthened, with another tag, code or byte. */
export function spoilCommand([a, b]: Both<Uint8Array>, dice: Dice): Both<Uint8Array> {
  const change = (body: (bytes: Uint8Array) => Uint8Array): Both<Uint8Array> => [body(a.slice()), body(b.slice())];
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
  const shorter = Math.min(a.length, b.length);
  switch (dice.below(7)) {
    case 0: {
      const keep = 10 + dice.below(shorter - 9);
      return change(bytes => resized(bytes.slice(0, keep)));
    }
    case 1:
      return change(bytes => resized(concat(bytes, new Uint8Array(1 + (bytes.length % 3)))));
    case 2: {
      const tag = dice.pick([0x8001, 0x8002, 0x8000, 0x00c1, 0x8003, 0x8021, 0x801c, 0]);
      return change(bytes => {
        view(bytes).setUint16(0, tag);
        return bytes;
      });
    }
    case 3: {
      const code = dice.pick([0, 0x11e, 0x123, 0x15a, 0x15f, 0x166, 0x175, 0x194, 0x199, 0x200, 0x20000000, 0x12f, 0x141, 0x179]);
      return change(bytes => {
        view(bytes).setUint32(6, code);
        return bytes;
      });
    }
    default: {
      const alike = [...a.keys()].filter(i => i >= 10 && i < shorter && a[i] === b[i]);
      if (alike.length === 0) return [a, b];
      const at = dice.pick(alike.slice(0, 40));
      const value = dice.pick([0, 1, 255, dice.below(256), (a[at] ?? 0) ^ 1]);
      return [withByte(a, at, value), withByte(b, at, value)];
    }
  }
}
