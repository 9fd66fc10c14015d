import type { World } from '../sim/index.ts';
import { loadPrivateKey, loadPublicKey, writeEsmBlob } from '../svm/format/index.ts';
import { generateKey, makeBlob } from '../svm/owner/index.ts';

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
  readonly attachments: readonly { readonly name: string; readonly bytes: Uint8Array; readonly comment?: string }[];
}

/** The owner makes the blob. What is attached is secret from now on. */
export async function makeEsmBlob(world: World, plan: BlobPlan): Promise<Uint8Array> {
  const { guest, recipients, origin, kernel, initrd, bootargs, rtas, attachments } = plan;
  const chance = world.random.fork(`owner of ${guest}`);
  for (const { name, bytes } of attachments)
    world.secrets.register(`attachment ${name} of ${guest}`, bytes, ['owner', 'ultravisor', 'svm']);
  const keys = await Promise.all(
    recipients.map(async ({ pem, where, comment }) => ({
      key: await loadPublicKey(pem, where),
      ...(comment === undefined ? {} : { comment }),
    })),
  );
  const blob = makeBlob(
    {
      origin: origin ? await loadPrivateKey(origin.pem, origin.where, origin.passphrase) : generateKey(chance).key,
      originComment: `owner of ${guest}`,
      recipients: keys,
      digest: { kernel, initrd, bootargs, rtas },
      files: attachments,
    },
    chance,
  );
  const bytes = writeEsmBlob(blob);
  const attached = attachments.map(({ name }) => name).join(', ') || 'nothing';
  const text = `the owner of ${guest} makes an ESM blob of ${bytes.length} bytes; recipients: ${keys.length}; attached: ${attached}`;
  world.bus.emit('note', 'owner', { text });
  return bytes;
}
