import { sameBytes } from '../../../bytes/index.ts';
import type { Fdt } from '../fdt/index.ts';
import { encryptedSymkey, lockboxFingerprints } from './as-ultravisor.ts';

/** Which lockbox a firmware tries: the one whose fingerprint is that of its wrapping key, or `lockbox-1` and no other. */
export type LockboxRule = 'by fingerprint' | 'first only';

export type LockboxChoice =
  | { readonly name: string; readonly encryptedSymkey: Uint8Array }
  /** None is for this key; what there is instead. */
  | { readonly refused: 'none for this key'; readonly names: readonly string[] }
  /** The lockbox that the rule names is not there, or holds nothing. */
  | { readonly refused: 'no symkey'; readonly name: string };

const FIRST = 'lockbox-1';

/** The lockbox that a firmware with this rule tries; `fingerprint` is asked for only where the rule needs it. */
export function chooseLockbox(blob: Fdt, rule: LockboxRule, fingerprint: () => Uint8Array | null): LockboxChoice {
  const boxes = lockboxFingerprints(blob);
  const name = rule === 'first only' ? FIRST : withFingerprint(boxes, fingerprint());
  if (name === undefined) return { refused: 'none for this key', names: boxes.map(({ lockbox }) => lockbox) };
  const encrypted = encryptedSymkey(blob, name);
  return encrypted ? { name, encryptedSymkey: encrypted } : { refused: 'no symkey', name };
}

const withFingerprint = (boxes: ReturnType<typeof lockboxFingerprints>, mine: Uint8Array | null): string | undefined =>
  mine ? boxes.find(({ fingerprint }) => fingerprint && sameBytes(fingerprint, mine))?.lockbox : undefined;
