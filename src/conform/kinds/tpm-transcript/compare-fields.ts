import { toHex } from '../../../bytes/index.ts';
import type { Differences } from '../../played-case.ts';

/** Fields whose bytes every TPM makes anew; of these only the length is compared. */
const OWN = new Set([
  'randomBytes',
  'nonceTPM',
  'outPrivate',
  'unique',
  'x',
  'y',
  'name',
  'qualifiedName',
  'creationHash',
  'digest',
  'contextBlob',
  'parentName',
  'parentQualifiedName',
]);

/** Two decoded values, field by field. */
export function compareFields(found: Differences, at: string, recorded: unknown, actual: unknown, field = ''): void {
  if (recorded instanceof Uint8Array && actual instanceof Uint8Array) {
    const own = OWN.has(field.replace(/^.*\./, ''));
    if (own) found.compare(`${at}${field}: bytes`, recorded.length, actual.length);
    else found.compare(`${at}${field}`, toHex(recorded), toHex(actual));
  } else if (typeof recorded === 'object' && recorded !== null && typeof actual === 'object' && actual !== null) {
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(actual)])) {
      compareFields(found, at, (recorded as Record<string, unknown>)[key], (actual as Record<string, unknown>)[key], `${field}.${key}`);
    }
  } else found.compare(`${at}${field}`, String(recorded), String(actual));
}

/** Two responses byte by byte, less the ranges that differ from TPM to TPM. */
export function compareMasked(
  found: Differences,
  at: string,
  recorded: Uint8Array,
  actual: Uint8Array,
  mask: readonly (readonly [number, number])[],
): void {
  const shown = (bytes: Uint8Array): string => {
    const copy = bytes.slice();
    for (const [offset, length] of mask) copy.fill(0, offset, offset + length);
    return toHex(copy);
  };
  found.compare(`${at}: response`, shown(recorded), shown(actual));
}
