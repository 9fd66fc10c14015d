import type { z } from 'zod';
import { LuksError, type LuksFault } from '../fault.ts';
import { jsonPlace } from './json-place.ts';
import { type Luks2Metadata, luks2Metadata } from './schema.ts';

/** The JSON area of one copy of the header. */
export interface Metadata {
  readonly json: Luks2Metadata;
  /** First byte of a value in the image. */
  placeOf(...path: readonly PropertyKey[]): number;
}

export interface JsonArea {
  readonly image: string;
  /** First byte of the area in the image. */
  readonly offset: number;
  readonly which: 'primary' | 'secondary';
  readonly headerBytes: number;
}

/**
 * Parses and checks the JSON area (LUKS2 §3).
 * @throws {LuksError} `json` or `metadata`, with the field's name and first byte.
 */
export function parseMetadata(bytes: Uint8Array, area: JsonArea): Metadata {
  const fail = (fault: LuksFault, at: number, field: string, detail: string): never => {
    throw new LuksError(fault, `${area.which} header: ${detail}`, { image: area.image, offset: area.offset + at, field });
  };
  const end = bytes.indexOf(0);
  if (end < 0) fail('json', bytes.length - 1, 'JSON area', 'no NUL ends the text');
  const text = decodeUtf8(bytes.subarray(0, end)) ?? fail('json', 0, 'JSON area', 'is no UTF-8');
  const value = parseJson(text, (at, detail) => fail('json', at, 'JSON area', detail));
  const { success, data, error } = luks2Metadata.safeParse(value);
  const refuse = (path: readonly PropertyKey[], detail: string): never =>
    fail('metadata', jsonPlace(text, path), path.join('.') || 'JSON area', detail);
  if (!success) {
    const { path, message } = innermost(error.issues[0]);
    return refuse(path, message);
  }
  checkReferences(data, refuse);
  checkAreas(data, area.headerBytes, refuse);
  return { json: data, placeOf: (...path) => area.offset + jsonPlace(text, path) };
}

type Refuse = (path: readonly PropertyKey[], detail: string) => never;

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function parseJson(text: string, fail: (at: number, detail: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? text.length);
    return fail(Buffer.byteLength(text.slice(0, at)), 'the text is no JSON here');
  }
}

type Issue = z.core.$ZodIssue;

/** Of a union's complaints those of the member that was meant: the one whose `type` fits. */
function innermost(issue: Issue | undefined, above: readonly PropertyKey[] = []): { path: readonly PropertyKey[]; message: string } {
  if (!issue) return { path: above, message: 'is not as the format wants it' };
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const meant = issue.errors.find(errors => !errors.some(error => error.path[0] === 'type')) ?? issue.errors[0];
    return innermost(meant?.[0], path);
  }
  return { path, message: issue.message };
}

/** §3.4: digests tie key slots to segments; each must exist. */
function checkReferences({ keyslots, segments, digests }: Luks2Metadata, refuse: Refuse): void {
  for (const [id, digest] of Object.entries(digests)) {
    for (const [i, slot] of digest.keyslots.entries()) {
      if (!(slot in keyslots)) refuse(['digests', id, 'keyslots', i], `there is no key slot ${slot}`);
    }
    for (const [i, segment] of digest.segments.entries()) {
      if (!(segment in segments)) refuse(['digests', id, 'segments', i], `there is no segment ${segment}`);
    }
  }
}

/** §3.2: areas lie between the secondary header and the end of the key slots' area, whole, and do not overlap. */
function checkAreas({ keyslots, config }: Luks2Metadata, headerBytes: number, refuse: Refuse): void {
  if (config.json_size !== headerBytes - 4096)
    refuse(['config', 'json_size'], `${config.json_size} bytes, the header has ${headerBytes - 4096}`);
  if (config.keyslots_size % 4096 !== 0) refuse(['config', 'keyslots_size'], 'is no multiple of 4096');
  const [start, end] = [2 * headerBytes, 2 * headerBytes + config.keyslots_size];
  const areas: { id: string; from: number; to: number }[] = [];
  for (const [id, slot] of Object.entries(keyslots)) {
    if (!('area' in slot)) continue;
    const [from, to] = [slot.area.offset, slot.area.offset + slot.area.size];
    if (from < start || to > end)
      refuse(['keyslots', id, 'area'], `bytes ${from} to ${to} lie outside of the key slots' area, ${start} to ${end}`);
    const needed = Math.ceil((slot.key_size * slot.af.stripes) / 512) * 512;
    if (slot.area.size < needed) refuse(['keyslots', id, 'area', 'size'], `${slot.area.size} bytes cannot hold ${slot.af.stripes} stripes`);
    const other = areas.find(area => from < area.to && area.from < to);
    if (other) refuse(['keyslots', id, 'area'], `overlaps the area of key slot ${other.id}`);
    areas.push({ id, from, to });
  }
}
