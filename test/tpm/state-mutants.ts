import { readState, type StateKind, writeState } from '../../src/tpm/state/blob.ts';
import type { Dice } from '../interop/tpm-differential/dice.ts';

/** One change of one field of a state, its digest made right again. */
export interface Mutant {
  readonly bytes: Uint8Array;
  /** Where and what: `permanent.nv.25165825.data: 8 bytes -> null`. */
  readonly text: string;
}

type Node = Record<PropertyKey, unknown> | unknown[] | Map<unknown, unknown> | Set<unknown>;
interface Place {
  readonly path: string;
  readonly value: unknown;
  put(value: unknown): void;
  drop(): void;
}

/** Every field within a value, those that hold others too. */
function placesIn(node: Node, path: string): Place[] {
  const entries: [unknown, unknown][] =
    node instanceof Map ? [...node] : node instanceof Set ? [...node].map(item => [item, item]) : Object.entries(node);
  return entries.flatMap(([key, value]) => {
    const here = path === '' ? String(key) : `${path}.${String(key)}`;
    const place: Place = {
      path: here,
      value,
      put(next) {
        if (node instanceof Map) node.set(key, next);
        else if (node instanceof Set) {
          node.delete(key);
          node.add(next);
        } else (node as Record<string, unknown>)[String(key)] = next;
      },
      drop() {
        if (node instanceof Map || node instanceof Set) node.delete(key);
        else if (Array.isArray(node)) node.splice(Number(key), 1);
        else delete (node as Record<string, unknown>)[String(key)];
      },
    };
    return isNode(value) ? [place, ...placesIn(value, here)] : [place];
  });
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !(value instanceof Uint8Array);

const NUMBERS = [
  0,
  1,
  2,
  3,
  4,
  8,
  0xff,
  0xffff,
  0x10000,
  0x80000000,
  0x81000000,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  -1,
  0.5,
  Number.NaN,
  Infinity,
];
const BIGINTS = [0n, 1n, 2n, 0xffffn, 2n ** 32n, 2n ** 62n, 2n ** 63n - 1n, -1n, -(2n ** 63n)];
const WORDS = ['', 'none', 'daUsed', 'clear', 'state', 'off', 'on', 'started', 'key', 'sequence', 'hash', 'hmac', 'event', 'constructor'];
const LENGTHS = [0, 1, 7, 8, 15, 16, 20, 31, 32, 33, 34, 48, 63, 64, 65, 128, 384, 385, 5000];

/** Another value of the same kind, near it or at an edge; at times one of another kind. */
function other(value: unknown, dice: Dice): unknown {
  if (dice.percent(12)) return dice.pick<unknown>([null, 0, 1n, '', true, [], {}, new Map(), new Set(), new Uint8Array(3), Number.NaN]);
  switch (typeof value) {
    case 'number':
      return dice.percent(40) ? value + dice.pick([1, -1, 2, 256, 0x1000000]) : dice.percent(30) ? dice.u32() : dice.pick(NUMBERS);
    case 'bigint':
      return dice.percent(40) ? value + dice.pick([1n, -1n, 0x10000n]) : dice.pick(BIGINTS);
    case 'boolean':
      return !value;
    case 'string':
      return dice.pick(WORDS);
    default:
      if (value instanceof Uint8Array) return otherBytes(value, dice);
      if (value === null) return dice.pick<unknown>([0, 0x81000000, true, new Uint8Array(32), {}, []]);
      return dice.pick<unknown>([null, {}, [], new Map(), new Set()]);
  }
}

function otherBytes(value: Uint8Array, dice: Dice): Uint8Array {
  if (dice.percent(40)) {
    const next = new Uint8Array(dice.pick([...LENGTHS, value.length + 1, Math.max(0, value.length - 1)]));
    next.set(value.subarray(0, next.length));
    return next;
  }
  if (dice.percent(20)) return new Uint8Array(value.length).fill(dice.pick([0, 0xff]));
  const next = value.slice();
  if (next.length > 0) next[dice.below(next.length)] = dice.below(256);
  return next;
}

const shown = (value: unknown): string =>
  value instanceof Uint8Array ? `${value.length} bytes` : isNode(value) ? value.constructor.name : String(value);

/** A state with one field changed, gone, or in the place of another. Null when the change cannot be written. */
export function mutantOf(kind: StateKind, state: Uint8Array, dice: Dice): Mutant | null {
  const value = readState(kind, state) as Node;
  const places = placesIn(value, '');
  const place = dice.pick(places);
  const how = dice.below(20);
  let next: unknown;
  if (how === 0) {
    place.drop();
    next = 'nothing';
  } else {
    const alike = places.filter(({ value: one }) => shown(one) !== shown(place.value) && typeof one === typeof place.value);
    next = how < 5 && alike.length > 0 ? structuredClone(dice.pick(alike).value) : other(place.value, dice);
    place.put(next);
  }
  try {
    return { bytes: writeState(kind, value), text: `${kind} ${place.path}: ${shown(place.value)} -> ${shown(next)}` };
  } catch (error) {
    if (error instanceof RangeError) return null; // larger than MessagePack has numbers
    throw error;
  }
}
