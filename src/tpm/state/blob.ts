import { Packr } from 'msgpackr';
import { utf8 } from '../../bytes/index.ts';
import { digest, equal } from '../../crypto/index.ts';

// A part of a TPM's state as a file or a control channel carries it: magic, version, kind, length, body in MessagePack, SHA-256 of
// all before it.

const MAGIC = utf8('svm-tpm\0');
/** Raised whenever an older program would misread what a newer one writes, and the other way round. */
export const STATE_VERSION = 1;
const KINDS = { permanent: 1, volatile: 2 } as const;
export type StateKind = keyof typeof KINDS;

const VERSION_AT = MAGIC.length;
const KIND_AT = VERSION_AT + 2;
const LENGTH_AT = KIND_AT + 2;
const HEAD_BYTES = LENGTH_AT + 4;
const DIGEST_BYTES = 32;

/** Bytes that are no state of this TPM. The state that there was is unchanged. */
export class StateFault extends Error {
  override readonly name = 'StateFault';
  /** Which part was read. */
  readonly kind: StateKind;
  /** Where reading stopped, in bytes from the start. */
  readonly offset: number;
  readonly what: string;
  readonly hint: string;
  constructor(kind: StateKind, offset: number, what: string, hint: string) {
    super(`byte ${offset}: ${what}`);
    this.kind = kind;
    this.offset = offset;
    this.what = what;
    this.hint = hint;
  }
}

/** Records keep Map, Set and object apart; the structures they share stand in front, so that a blob is complete in itself. */
const packr = () => new Packr({ moreTypes: true, structuredClone: false, useRecords: true, mapsAsObjects: false });

export function writeState(kind: StateKind, value: unknown): Uint8Array {
  const body = packr().pack(value);
  const whole = Buffer.alloc(HEAD_BYTES + body.length + DIGEST_BYTES);
  whole.set(MAGIC);
  whole.writeUInt16BE(STATE_VERSION, VERSION_AT);
  whole.writeUInt16BE(KINDS[kind], KIND_AT);
  whole.writeUInt32BE(body.length, LENGTH_AT);
  whole.set(body, HEAD_BYTES);
  whole.set(digest('sha256', whole.subarray(0, -DIGEST_BYTES)), whole.length - DIGEST_BYTES);
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
}

const DAMAGED = 'It was damaged, or changed by hand. Put a copy of it back, or move it away to begin with a new TPM.';

/** @throws {StateFault} for bytes that are damaged, of another kind, or of another version. */
export function readState(kind: StateKind, given: Uint8Array): unknown {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const refuse = (offset: number, what: string, hint = DAMAGED): never => {
    throw new StateFault(kind, offset, what, hint);
  };
  const wrong = MAGIC.findIndex((byte, at) => bytes[at] !== byte);
  if (wrong >= 0) refuse(wrong, 'this is no TPM state of svm-sim', 'Name the folder or file that svm-sim wrote.');
  if (bytes.length < HEAD_BYTES) refuse(bytes.length, `the state ends within its first ${HEAD_BYTES} bytes`);
  const version = bytes.readUInt16BE(VERSION_AT);
  if (version !== STATE_VERSION) {
    const newer = version > STATE_VERSION;
    const hint = newer ? 'Use the svm-sim that wrote it, or a newer one.' : 'This svm-sim is too new for it: use the one that wrote it.';
    refuse(VERSION_AT, `the state has version ${version}, this program knows ${STATE_VERSION}`, hint);
  }
  const found = bytes.readUInt16BE(KIND_AT);
  if (found !== KINDS[kind]) {
    const name = Object.entries(KINDS).find(([, number]) => number === found)?.[0] ?? `unknown (${found})`;
    refuse(KIND_AT, `the state is of kind ${name}, not ${kind}`, 'Permanent and volatile state were confused.');
  }
  const length = bytes.readUInt32BE(LENGTH_AT);
  const expected = HEAD_BYTES + length + DIGEST_BYTES;
  if (bytes.length !== expected)
    refuse(Math.min(bytes.length, expected), `the state has ${bytes.length} bytes, by its header it should have ${expected}`);
  const digestAt = HEAD_BYTES + length;
  if (!equal(digest('sha256', bytes.subarray(0, digestAt)), bytes.subarray(digestAt)))
    refuse(digestAt, 'the digest at the end is not that of the bytes before it');
  try {
    return plain(packr().unpack(bytes.subarray(HEAD_BYTES, digestAt)));
  } catch {
    // msgpackr throws errors of many kinds for bytes that mean nothing; the digest says that somebody wrote them so.
    return refuse(HEAD_BYTES, 'the body is no MessagePack');
  }
}

/** Where the body begins: faults in what it means are told for this place. */
export const BODY_AT = HEAD_BYTES;

/** msgpackr gives Buffers that share one memory, and structures with prototypes of its own. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, plain(item)]));
  if (value instanceof Set) return new Set([...value].map(plain));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}
