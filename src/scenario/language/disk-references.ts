import type { Step } from '../steps/step-kind.ts';
import { diskProblem } from './guest-disk.ts';
import type { GuestEntry, ScenarioDocument } from './scenario-schema.ts';
import { bytesOf } from './values.ts';
import type { KeyPath } from './yaml-source.ts';
import { didYouMean } from './zod-issues.ts';

type Say = (path: KeyPath, what: string, hint?: string) => void;

/** Disks that cannot be made, passphrases that are attached nowhere, and steps that unlock what is not there. */
export function diskProblems(doc: ScenarioDocument, say: Say): void {
  const guests = doc.guests ?? [];
  guests.forEach((guest, i) => guestProblems(guest, ['guests', i], say));
  const check = (step: Step, path: KeyPath): void => {
    if (step.do === 'parallel')
      (step.strands as readonly (readonly Step[])[]).forEach((strand, i) =>
        strand.forEach((inner, j) => check(inner, [...path, 'strands', i, j])),
      );
    if (step.do !== 'unlock' || step.disk !== undefined) return;
    const guest = step.guest === undefined ? guests[0] : guests.find(({ name }) => name === step.guest);
    if (!guest || guest.disk) return;
    say(path, `guest "${guest.name}" has no disk`, 'Say "disk: FILE" here, or give the guest a disk.');
  };
  doc.steps.forEach((step, i) => check(step, ['steps', i]));
}

function guestProblems({ disk, esm }: GuestEntry, at: KeyPath, say: Say): void {
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
