import { DecodeError } from '../../bytes/index.ts';
import { ESM_LIMITS, flattenElf, isElf } from '../../svm/format/index.ts';
import { layOut } from '../../svm/guest/index.ts';
import { notAKernel } from '../../svm/owner/index.ts';
import type { GuestEntry } from './guest-entry.ts';
import type { KeyPath } from './problem.ts';
import { bytesOf, type Contents, sizeInBytes } from './values.ts';

type Say = (path: KeyPath, what: string, hint?: string) => void;

/** What of a file is known before it is read. */
export interface FileFacts {
  readonly bytes: number;
  /** A vmlinux: what of it is loaded is known when it is read. */
  readonly elf: boolean;
}

/** Files that are too large for what they are meant for, told before any of them is read. */
export function fileSizeProblems(guests: readonly GuestEntry[], facts: ReadonlyMap<string, FileFacts>, say: Say): void {
  guests.forEach((guest, i) => {
    const ram = guest.memory === undefined ? undefined : sizeInBytes(guest.memory);
    for (const field of ['kernel', 'initrd'] as const) {
      const file = facts.get(guest[field]);
      if (!file || ram === undefined || (field === 'kernel' && file.elf) || BigInt(file.bytes) <= ram) continue;
      say(['guests', i, field], `the ${field} has ${file.bytes} bytes, and the guest ${ram} bytes of memory`, MORE);
    }
    attachments(guest).forEach(({ name, contents }, j) => {
      const bytes = 'file' in contents ? facts.get(contents.file)?.bytes : sizeOf(contents);
      if (bytes === undefined || bytes <= ESM_LIMITS.fileBytes) return;
      const at = ['guests', i, 'esm', 'recipe', 'attachments', j, 'contents'];
      say(
        at,
        `the attachment "${name}" has ${bytes} bytes, and an ESM blob takes ${ESM_LIMITS.fileBytes} of one`,
        'Attach a key, and keep what is large on the disk.',
      );
    });
  });
}

const MORE = 'Give the guest more memory.';

const attachments = ({ esm }: GuestEntry) => (esm && 'recipe' in esm ? (esm.recipe.attachments ?? []) : []);

/** Of what an earlier step reads nothing is known yet. */
const sizeOf = (contents: Exclude<Contents, { file: string }>): number | undefined =>
  'step' in contents ? undefined : bytesOf(contents, () => new Uint8Array(0)).length;

/** Pieces of the guest that would lie over one another, or beyond its memory. A device tree that is given has places of its own. */
export function memoryMapProblems(guests: readonly GuestEntry[], files: ReadonlyMap<string, Uint8Array>, say: Say): void {
  guests.forEach((guest, i) => {
    const [kernel, initrd] = [files.get(guest.kernel), files.get(guest.initrd)];
    if (!kernel || !initrd) return;
    const flat = flatSize(kernel);
    if (typeof flat !== 'number') {
      say(['guests', i, 'kernel'], flat.what, flat.hint);
      return;
    }
    if (guest.memory === undefined || guest.deviceTree !== undefined) return;
    const ramBytes = sizeInBytes(guest.memory);
    const blob = guest.esm && 'blob' in guest.esm ? (files.get(guest.esm.blob)?.length ?? 0) : null;
    const sizes = { kernel: flat, initrd: initrd.length, esmBlob: blob };
    const { rtas, esmBlob, fdt, ...at } = layOut({ ramBytes, ...sizes });
    const pieces = [
      { name: 'kernel', field: 'kernel', start: at.kernel, bytes: sizes.kernel },
      { name: 'initrd', field: 'initrd', start: at.initrd, bytes: sizes.initrd },
      ...(esmBlob === null ? [] : [{ name: 'ESM blob', field: 'esm', start: esmBlob, bytes: sizes.esmBlob ?? 0 }]),
      { name: 'device tree', field: 'memory', start: fdt, bytes: 1 },
    ];
    // The first that does not fit: all behind it lie still higher.
    const wrong = pieces.find(({ start, bytes }) => start + BigInt(bytes) > rtas);
    if (!wrong) return;
    const { name, field, start, bytes } = wrong;
    const end = start + BigInt(bytes);
    const what =
      end > ramBytes
        ? `the ${name} would reach from ${hex(start)} to ${hex(end)}, and the guest's memory ends at ${hex(ramBytes)}`
        : `the ${name} would reach from ${hex(start)} to ${hex(end)}, over RTAS, which lies at ${hex(rtas)}`;
    say(['guests', i, field], what, MORE);
  });
}

const hex = (gpa: bigint): string => `0x${gpa.toString(16)}`;

/** Bytes of a kernel as it lies in memory, or why it is none. */
function flatSize(kernel: Uint8Array): number | { readonly what: string; readonly hint: string } {
  const not = notAKernel(kernel);
  if (not) return not;
  try {
    return isElf(kernel) ? flattenElf(kernel).length : kernel.length;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return {
      what: `the kernel is no vmlinux that can be loaded: ${error.message}`,
      hint: 'Give a whole ELF64 vmlinux, or its flat image (objcopy -O binary).',
    };
  }
}
