import { createHash, createHmac } from 'node:crypto';
import { concat, fromHex } from '../../../bytes/index.ts';
import type { BytesFrom, RecordedStep } from './case-recording.ts';

/** Bytes of the recording's hex, in which `{3*414}` is the 3rd saved context: any bytes, the same for the same number. */
export function recordedBytes(text: string): Uint8Array {
  const plain = text.replace(/\{(\d+)\*(\d+)\}/g, (_, number: string, length: string) => {
    const word = Number(number).toString(16).padStart(8, '0');
    return word.repeat(Math.ceil(Number(length) / 4)).slice(0, Number(length) * 2);
  });
  return fromHex(plain);
}

export type Captured = ReadonlyMap<string, Uint8Array>;

function bytesFrom(from: BytesFrom, captured: Captured): Uint8Array {
  if ('hex' in from) return recordedBytes(from.hex);
  const all = (parts: readonly BytesFrom[]) => concat(...parts.map(part => bytesFrom(part, captured)));
  if ('sha256' in from) return createHash('sha256').update(all(from.sha256)).digest();
  if ('hmacSha256' in from) return createHmac('sha256', all(from.hmacSha256.key)).update(all(from.hmacSha256.data)).digest();
  const bytes = captured.get(from.var);
  if (!bytes) throw new RangeError(`the recording uses "${from.var}" before it is captured`);
  return bytes;
}

/** The request with the parts that depend on the TPM replaced by what this TPM gave. */
export function substituted(request: Uint8Array, subst: RecordedStep['subst'], captured: Captured): Uint8Array {
  let bytes = request;
  // From the back: a part may have another length here than in the recording.
  for (const { at, len, from } of [...(subst ?? [])].sort((a, b) => b.at - a.at)) {
    bytes = concat(bytes.subarray(0, at), bytesFrom(from, captured), bytes.subarray(at + len));
  }
  return bytes;
}
