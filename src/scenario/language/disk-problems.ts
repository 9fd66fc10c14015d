import { diskProblem } from './guest-disk.ts';
import type { GuestEntry } from './guest-entry.ts';
import { didYouMean, type KeyPath } from './problem.ts';
import { bytesOf } from './values.ts';

type Say = (path: KeyPath, what: string, hint?: string) => void;

/** Disks that cannot be made, and passphrases that are attached nowhere. */
export function diskProblems({ disk, esm }: GuestEntry, at: KeyPath, say: Say): void {
  if (!disk) return;
  const { image, luks } = disk;
  if ((image === undefined) === (luks === undefined))
    say([...at, 'disk'], luks ? 'there is both an image and a description' : 'what disk?', 'Give one of "image" and "luks".');
  if (!luks || image !== undefined) return;
  const attachments = esm && 'recipe' in esm ? (esm.recipe.attachments ?? []) : [];
  let missing = false;
  luks.keySlots.forEach(({ passphrase }, slot) => {
    if (!('attachment' in passphrase) || attachments.some(({ name }) => name === passphrase.attachment)) return;
    missing = true;
    const names = attachments.map(({ name }) => name);
    const path = [...at, 'disk', 'luks', 'keySlots', slot, 'passphrase', 'attachment'];
    if (esm && 'blob' in esm)
      say(path, 'the ESM blob of this guest is finished: what is attached to it is not known here', 'Write the passphrase as `text`.');
    else
      say(
        path,
        `the recipe attaches no "${passphrase.attachment}"`,
        names.length ? didYouMean(passphrase.attachment, names) : 'It attaches nothing.',
      );
  });
  if (missing) return;
  // What is in files is not looked at: any passphrase will do to tell whether the rest can be.
  const anything = Uint8Array.of(1);
  const problem = diskProblem(luks, { bytesOf: contents => bytesOf(contents, () => anything), attachment: () => anything });
  if (problem) say([...at, 'disk', 'luks', problem.field], problem.what);
}
