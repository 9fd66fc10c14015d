import { digest } from '../../crypto/index.ts';
import type { World } from '../../sim/index.ts';
import { filesFdt, loadPrivateKey, loadPublicKey, writeEsmBlob } from '../../svm/format/index.ts';
import { generateKey, makeBlob, measure, setDigests } from '../../svm/owner/index.ts';

/** What the owner of a VM puts into an ESM blob. PEM texts come with the name by which messages call them. */
export interface BlobPlan {
  readonly guest: string;
  /** Public key and comment of each machine that may open it. */
  readonly recipients: readonly { readonly pem: Uint8Array; readonly where: string; readonly comment?: string }[];
  /** The owner's private key; absent: one is made. */
  readonly origin?: { readonly pem: Uint8Array; readonly where: string; readonly passphrase?: string };
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
  readonly bootargs: string;
  readonly rtas: Uint8Array;
  /** The digests get one of the attachments too (docs/reference/decisions.md#limits-of-hardening). */
  readonly filesDigest: boolean;
  readonly attachments: readonly { readonly name: string; readonly bytes: Uint8Array; readonly comment?: string }[];
}

/** The owner makes the blob. What is attached is secret from now on. */
export async function makeEsmBlob(world: World, plan: BlobPlan): Promise<Uint8Array> {
  const { guest, recipients, kernel, initrd, bootargs, rtas, attachments } = plan;
  const chance = world.random.fork(`owner of ${guest}`);
  for (const { name, bytes } of attachments)
    world.secrets.register(`attachment ${name} of ${guest}`, bytes, ['owner', 'ultravisor', 'svm']);
  const keys = await Promise.all(
    recipients.map(async ({ pem, where, comment }) => ({
      key: await loadPublicKey(pem, where),
      ...(comment === undefined ? {} : { comment }),
    })),
  );
  const origin = plan.origin ? await loadPrivateKey(plan.origin.pem, plan.origin.where, plan.origin.passphrase) : generateKey(chance).key;
  const measured = { kernel, initrd, bootargs, rtas };
  let blob = makeBlob(
    {
      origin,
      originComment: `owner of ${guest}`,
      recipients: keys,
      digest: measured,
      files: attachments,
    },
    chance,
  );
  const files = plan.filesDigest ? filesFdt(blob.tree) : undefined;
  if (files) blob = setDigests(blob, { ...measure(measured), files: digest('sha512', files) }, origin, chance);
  const bytes = writeEsmBlob(blob);
  const attached = attachments.map(({ name }) => name).join(', ') || 'nothing';
  const text = `the owner of ${guest} makes an ESM blob of ${bytes.length} bytes; recipients: ${keys.length}; attached: ${attached}`;
  world.bus.emit('note', 'owner', { text });
  return bytes;
}
