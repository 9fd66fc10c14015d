import type { Version } from '../../sim/index.ts';
import { TPM_VERSIONS } from '../../tpm/index.ts';
import { SWTPM_VERSIONS } from '../../tpm-serve/index.ts';
import { LINUX_VERSIONS } from '../../tpmrm/index.ts';
import { LIBVIRT_VERSIONS } from '../definition/libvirt-versions.ts';
import { QEMU_VERSIONS } from '../definition/qemu/qemu-versions.ts';

/** Programs whose versions differ, with the versions that are known: oldest first, and the first is the base. */
export const PROGRAMS = {
  qemu: QEMU_VERSIONS,
  linux: LINUX_VERSIONS,
  libtpms: TPM_VERSIONS,
  swtpm: SWTPM_VERSIONS,
  libvirt: LIBVIRT_VERSIONS,
} as const satisfies Readonly<Record<string, readonly Version<unknown>[]>>;

export type Program = keyof typeof PROGRAMS;
export const PROGRAM_NAMES = Object.keys(PROGRAMS) as readonly Program[];

const numbersOf = (version: string): readonly number[] => version.split('.').map(part => Number.parseInt(part, 10) || 0);

/** Negative: `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The newest version that is known and not newer than the one asked for; older than all that are known: the base. */
export function knownVersion<B, V extends Version<B>>(versions: readonly V[], asked: string): V {
  const older = versions.filter(({ version }) => compareVersions(version, asked) <= 0);
  const newest = older.reduce<V | undefined>(
    (best, one) => (best && compareVersions(best.version, one.version) >= 0 ? best : one),
    undefined,
  );
  const found = newest ?? versions[0];
  if (!found) throw new RangeError('a program without versions');
  return found;
}
