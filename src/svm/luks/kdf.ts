import { deriveArgon2, MAX_ARGON2_KIB } from './argon2.ts';
import { derivePbkdf2 } from './hashes.ts';
import type { Kdf } from './volume.ts';

/** What a key slot may cost before it is skipped: a header from elsewhere can ask for years. */
export interface CostLimits {
  readonly iterations?: number;
  readonly memoryKiB?: number;
}

/** Why this derivation is not tried; undefined when it is. */
export function kdfProblem(kdf: Kdf, passphrase: Uint8Array, limits: CostLimits = {}): string | undefined {
  const { iterations = Number.POSITIVE_INFINITY, memoryKiB = MAX_ARGON2_KIB } = limits;
  if (kdf.iterations > iterations) return `${kdf.type} with ${kdf.iterations} iterations; the limit is ${iterations}`;
  if (kdf.type === 'pbkdf2') return undefined;
  if (kdf.memoryKiB > memoryKiB) return `${kdf.type} over ${kdf.memoryKiB} KiB of memory; the limit is ${memoryKiB}`;
  return passphrase.length === 0 ? 'an empty passphrase is not tried with Argon2' : undefined;
}

/** @param aside see {@link deriveArgon2}; PBKDF2 always leaves the event loop free. */
export function deriveKey(kdf: Kdf, passphrase: Uint8Array, bytes: number, aside: boolean): Promise<Uint8Array> {
  if (kdf.type === 'pbkdf2') return derivePbkdf2(kdf.hash, passphrase, kdf.salt, kdf.iterations, bytes);
  const { type, salt, iterations, memoryKiB, lanes } = kdf;
  return deriveArgon2({ type, password: passphrase, salt, iterations, memoryKiB, lanes, bytes }, aside);
}

/** The cost in words: `argon2id, 4 passes over 64 MiB, 1 lane`. */
export function describeKdf(kdf: Kdf): string {
  if (kdf.type === 'pbkdf2') return `pbkdf2-${kdf.hash}, ${kdf.iterations} iterations`;
  const memory = kdf.memoryKiB % 1024 === 0 ? `${kdf.memoryKiB / 1024} MiB` : `${kdf.memoryKiB} KiB`;
  return `${kdf.type}, ${some(kdf.iterations, 'pass', 'passes')} over ${memory}, ${some(kdf.lanes, 'lane', 'lanes')}`;
}

const some = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
