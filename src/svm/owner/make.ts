import type { EsmBlob, EsmPrivateKey, EsmPublicKey } from '../format/index.ts';
import { attach, type FileToAttach } from './attachments.ts';
import type { Chance } from './chance.ts';
import { authorize, createBlob } from './lockboxes.ts';
import { type Measured, measure, setDigests } from './measure.ts';

export interface MakeInput {
  readonly origin: EsmPrivateKey;
  readonly originComment?: string;
  readonly recipients: readonly { readonly key: EsmPublicKey; readonly comment?: string }[];
  readonly digest?: Measured & { readonly comment?: string };
  readonly files: readonly FileToAttach[];
}

/**
 * `svm-tool esm make`: create, authorize in order, digests, attach in order. Like the real tool it stops after the origin's
 * lockbox when there is neither a recipient nor a file, digests or not.
 */
export function makeBlob(input: MakeInput, chance: Chance): EsmBlob {
  const { origin, recipients, digest, files } = input;
  let blob = createBlob(origin, chance, input.originComment);
  if (recipients.length === 0 && files.length === 0) return blob;
  for (const { key, comment } of recipients) blob = authorize(blob, key, origin, chance, comment);
  if (digest) blob = setDigests(blob, measure(digest), origin, chance, digest.comment);
  for (const file of files) blob = attach(blob, file, origin, chance);
  return blob;
}
