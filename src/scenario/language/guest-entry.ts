import { z } from 'zod';
import { EMULATORS } from '../../machine/index.ts';
import { DISK } from './guest-disk.ts';
import { CONTENTS, type Contents, NAME, path, SIZE } from './values.ts';

const RECIPIENT = z.union([
  z.strictObject({
    host: z.string().describe('A host of this scenario: its wrapping key opens the blob. It must have booted before the blob is made.'),
    comment: z.string().optional().describe("Comment on the recipient's lockbox."),
  }),
  z.strictObject({
    file: path('PEM of an RSA public key.'),
    comment: z.string().optional().describe("Comment on the recipient's lockbox."),
  }),
]);

const ATTACHMENT = z.strictObject({
  name: z.string().min(1).max(64).describe('The name under which the guest reads it, such as `rootd`.'),
  contents: CONTENTS.describe('What is in it: `{ text: ... }`, `{ hex: ... }` or `{ file: ... }`.'),
  comment: z.string().optional().describe('Comment on the attachment.'),
});

const RECIPE = z.strictObject({
  recipients: z.array(RECIPIENT).min(1).describe('Who may open the blob, in the order of the lockboxes.'),
  origin: z
    .union([
      z.literal('generated'),
      z.strictObject({
        file: path("PEM of the owner's private key."),
        passphrase: z.string().optional().describe('Passphrase of that key, if it has one.'),
      }),
    ])
    .optional()
    .describe("The owner's own key pair: `generated` (default), or a file."),
  filesDigest: z
    .boolean()
    .optional()
    .describe('The digests get one of the attachments too, which no published tool writes and only `hardened` looks for. Default: no.'),
  attachments: z.array(ATTACHMENT).optional().describe('Files that the Secure VM can read, such as the passphrase of its disk.'),
});

const ESM = z.union([
  z.strictObject({ blob: path('A finished ESM blob, as `svm-tool esm make` writes it.') }),
  z.strictObject({
    recipe: RECIPE.describe("The owner makes the blob when the guest first starts, for this guest's kernel, initrd, RTAS and bootargs."),
  }),
]);

const UNIT = z
  .int()
  .min(1)
  .max(0xffff_ffff)
  .optional()
  .describe('Unit address on the VIO bus, such as 0x4000. Default: the first that is free.');

const VTPM = z
  .discriminatedUnion('backend', [
    z.strictObject({
      backend: z.literal('emulator').describe('A TPM of its own, emulated for this guest alone; its state moves with the guest.'),
      tpm: z
        .enum(EMULATORS)
        .optional()
        .describe("What emulates it. Default: an `swtpm` where the host's own TPM is one, else the `embedded` TPM."),
      unit: UNIT,
    }),
    z.strictObject({
      backend: z.literal('passthrough').describe('A TPM device of the host, for this guest alone; such a guest cannot leave the host.'),
      path: z.string().regex(/^\//, 'is no path: it begins with "/"').optional().describe('The device. Default: /dev/tpm0.'),
      unit: UNIT,
    }),
  ])
  .describe('tpm-spapr, the vTPM on the VIO bus, beside spapr-tpm-proxy. Default: none.');

const DOMAIN = path(
  "A libvirt domain definition: memory, processors and TPM devices are its, by libvirt's rules and with libvirt's messages. " +
    'What the guest says itself about memory and processors goes over it.',
);

const DEVICE_TREE = path(
  'The flattened device tree of a real guest (`/sys/firmware/fdt`), packed with gzip or not: it takes the place of the one that is made ' +
    'for this guest. Kernel, initrd and RTAS lie where it says, memory and processors are its. The end of the initrd, the command line and ' +
    'the ESM blob are written into it where they are others.',
);

/** A virtual machine. */
export const GUEST = z.strictObject({
  name: NAME.describe('What steps call this guest.'),
  host: z.string().optional().describe('The host it runs on. May be left out when there is only one.'),
  lpid: z.int().min(1).max(4095).describe('Logical partition id. No two guests of a host have the same.'),
  memory: SIZE.describe('Size of its memory, such as `512 MiB`. May be left out when a domain definition has it.').optional(),
  vcpus: z.int().min(1).max(2048).optional().describe('Number of virtual processors. Default: 1.'),
  kernel: path('The kernel: a `vmlinux`, or as it lies in memory (`objcopy -O binary`).'),
  initrd: path('The initrd; it may have an ESM blob in front (`svm-tool svm add`).'),
  bootargs: z
    .union([z.string(), z.strictObject({ file: path('A file with the command line; every byte counts.') })])
    .describe('The kernel command line: text, or `{ file: ... }`. It is measured, so every blank counts.'),
  rtas: path('The RTAS code that SLOF installs; it is measured. Default: the code whose digest svm-tool has built in.').optional(),
  esm: ESM.optional().describe('The ESM blob that the boot wrapper places. Without it, it must lie in the initrd.'),
  disk: DISK.optional(),
  tpmProxy: z
    .union([z.literal('none'), z.string().regex(/^\//, 'is no path: it begins with "/"')])
    .optional()
    .describe('host-path of spapr-tpm-proxy; `none`: the machine has no such device. Default: /dev/tpmrm0.'),
  vtpm: VTPM.optional(),
  domain: DOMAIN.optional(),
  deviceTree: DEVICE_TREE.optional(),
});

export type GuestEntry = z.infer<typeof GUEST>;
export type Recipe = z.infer<typeof RECIPE>;

/** What a recipe attaches under a name. */
export function attachmentOf(esm: GuestEntry['esm'], name: string, read: (contents: Contents) => Uint8Array): Uint8Array | undefined {
  const found = esm && 'recipe' in esm ? esm.recipe.attachments?.find(attachment => attachment.name === name) : undefined;
  return found && read(found.contents);
}

/** Hosts of the scenario that may open a guest's blob, with their place in its recipe. */
export function recipientHosts({ esm }: GuestEntry): readonly { readonly host: string; readonly at: number }[] {
  if (!esm || !('recipe' in esm)) return [];
  return esm.recipe.recipients.flatMap((recipient, at) => ('host' in recipient ? [{ host: recipient.host, at }] : []));
}
