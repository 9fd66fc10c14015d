import { DecodeError, type FieldSeen, hexDump } from '../../bytes/index.ts';
import type { AnyEvent, Sight, SimEvent } from '../../sim/index.ts';
import { decodeCommand, decodeResponse } from '../../tpm/index.ts';
import { count } from '../event/wording.ts';

const MOST_BYTES = 1024;

/** What stands below an event at level `verbose`: who sees which bytes, the fields in them, and the bytes. */
export function detailOf(event: AnyEvent): readonly string[] {
  // The values of secrets are for those who know them, not for a screen.
  if (event.kind === 'secret') return [];
  return event.sights.flatMap((sight, i) => [describe(sight), ...(i === 0 ? fieldLines(event, sight) : []), ...dump(sight.bytes)]);
}

function describe({ what, bytes, seenBy, suppliedBy }: Sight): string {
  return `${what}, ${count(bytes.length, 'byte')}, seen by ${seenBy.join(', ')}${suppliedBy ? `, supplied by ${suppliedBy}` : ''}`;
}

function fieldLines(event: AnyEvent, { bytes }: Sight): readonly string[] {
  if (event.kind !== 'tpm.command' && event.kind !== 'tpm.response') return [];
  const fields: FieldSeen[] = [];
  const fault = decodeTpm(event, bytes, field => fields.push(field));
  const leaves = fields.filter(({ text }) => text !== undefined);
  const width = Math.min(44, Math.max(0, ...leaves.map(({ path }) => path.length)));
  const lines = leaves.map(({ path, offset, text }) => `${String(offset).padStart(5)}  ${path.padEnd(width)}  ${shorten(text ?? '')}`);
  return fault ? [...lines, `       ${fault}`] : lines;
}

/** Tells the fields of a TPM command or response. Returns what is wrong with the bytes, if something is. */
function decodeTpm(
  { kind, data }: SimEvent<'tpm.command'> | SimEvent<'tpm.response'>,
  bytes: Uint8Array,
  onField: (field: FieldSeen) => void,
): string | undefined {
  try {
    if (kind === 'tpm.command') decodeCommand(bytes, onField);
    else decodeResponse(data.code, bytes, onField);
    return undefined;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.message;
  }
}

const shorten = (text: string): string => (text.length > 96 ? `${text.slice(0, 93)}...` : text);

function dump(bytes: Uint8Array): readonly string[] {
  if (bytes.length === 0) return [];
  const shown = bytes.subarray(0, MOST_BYTES);
  const more = bytes.length - shown.length;
  return [...hexDump(shown).split('\n'), ...(more > 0 ? [`... and ${count(more, 'byte')} more`] : [])];
}
