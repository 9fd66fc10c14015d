import { z } from 'zod';
import { SWAPPING } from '../../tpmrm/index.ts';
import { DEFAULT_PROFILE, profileNames } from '../../ultravisor/index.ts';
import { ADVERSARY, type Rule } from '../adversary/index.ts';
import { invariants } from '../invariants/index.ts';
import { FAULT } from '../run/tpm-faults.ts';
import { type Step, schemaOf } from '../steps/step-kind.ts';
import { stepKinds } from '../steps/step-kinds.ts';
import { DOMAIN, VTPM } from './guest-devices.ts';
import { DISK } from './guest-disk.ts';
import { CONTENTS, NAME, path, SIZE } from './values.ts';

/** The version of the language that this simulator speaks. */
export const LANGUAGE_VERSION = 1;

/** Standing invariants: watched in every run unless a scenario switches them off by name. */
export const INVARIANTS = invariants.map(({ name }) => name) as [string, ...string[]];

const ABOUT_INVARIANTS = invariants.map(({ name, about }) => `\`${name}\`: ${about}.`).join(' ');

const WRAPPING_KEY = z
  .union([z.literal('generated'), z.strictObject({ file: path('PEM of an RSA-2048 private key.') })])
  .describe(
    '`generated` (default): firmware has the TPM make it at first boot. A file: this private key is imported, as a manufacturer would.',
  );

const HOST_FIELDS = {
  tpm: z.string().min(1).optional().describe('The TPM: `embedded` (default), or where another one is reached.'),
  profile: z
    .enum(profileNames as [string, ...string[]])
    .optional()
    .describe(`How the host's firmware behaves. Default: ${DEFAULT_PROFILE}.`),
  proxy: z
    .enum(['observed', 'strict'])
    .optional()
    .describe('How spapr-tpm-proxy answers: as the real QEMU was observed to (default), or strictly as its document says.'),
  swapping: z
    .enum(SWAPPING)
    .optional()
    .describe(
      "When the resource manager's spaces leave the TPM: `eager` after each command, as Linux does (default), or `lazy` when another needs the TPM.",
    ),
  securePages: z.int().positive().optional().describe('Secure memory of the host, in pages of 64 KiB. Default: plenty.'),
  firmware: z.strictObject({ wrappingKey: WRAPPING_KEY.optional() }).optional().describe("What is special about the host's firmware."),
};
const HOST = z.strictObject({ name: NAME.optional().describe('What steps call this host. Default: `host`.'), ...HOST_FIELDS });
const NAMED_HOST = z.strictObject({ name: NAME.describe('What steps call this host.'), ...HOST_FIELDS });

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

const GUEST = z.strictObject({
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
});

const STEPS = [...stepKinds.values()].map(schemaOf);
export const STEP = z.discriminatedUnion('do', STEPS as [(typeof STEPS)[number], ...typeof STEPS]);

const SCALAR = z.union([z.string(), z.number()]);
export const MATRIX = z.record(z.string(), z.array(SCALAR).min(1));

export const SCENARIO = z
  .strictObject({
    version: z.literal(LANGUAGE_VERSION).describe('Version of the scenario language.'),
    title: z.string().optional().describe('One line: what this scenario shows.'),
    about: z.string().optional().describe('A paragraph: what it teaches.'),
    seed: z
      .union([z.int().min(0), z.string().min(1)])
      .optional()
      .describe('Where all chance comes from: the same seed gives the same run, byte for byte. Default: 1.'),
    include: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .describe('Files that lie under this one: what is written here goes over it, mapping by mapping. Paths are relative to this folder.'),
    defaults: z
      .strictObject({
        guest: GUEST.partial().optional().describe('What each guest has.'),
        host: HOST.partial().optional().describe('What each host has.'),
      })
      .optional()
      .describe('What each guest or host has unless it says otherwise.'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it tells how the language writes a variable
    variables: z.record(z.string(), SCALAR).optional().describe('Values by name; `${name}` stands for one, everywhere in the scenario.'),
    matrix: MATRIX.optional().describe(
      'Values for variables, and for `profile`, `tpm` and `seed`: the scenario is run once for every combination of them.',
    ),
    host: HOST.optional().describe('The host, when there is only one.'),
    hosts: z.array(NAMED_HOST).min(1).optional().describe('The hosts, when there are several.'),
    guests: z.array(GUEST).optional().describe('The virtual machines.'),
    steps: z
      .array(STEP)
      .min(1)
      .describe('What happens, in this order. After a step that does not give what is expected, the rest is not run.'),
    switchOff: z.array(z.enum(INVARIANTS)).optional().describe(`Standing invariants that are not watched. ${ABOUT_INVARIANTS}`),
    violates: z
      .array(z.enum(INVARIANTS))
      .optional()
      .describe(`Standing invariants that must not hold: this scenario shows a weakness. ${ABOUT_INVARIANTS}`),
    adversary: ADVERSARY.optional(),
    faults: z.array(FAULT).optional().describe('What goes wrong without any malice: with the TPM, the machine of a guest, or a host.'),
  })
  .describe('A scenario of svm-sim.');

/** A scenario as its file has it. */
export type ScenarioDocument = Omit<z.infer<typeof SCENARIO>, 'steps' | 'adversary'> & {
  readonly steps: readonly Step[];
  readonly adversary?: readonly Rule[] | undefined;
};
export type HostEntry = z.infer<typeof HOST>;
export type GuestEntry = z.infer<typeof GUEST>;
export type Recipe = z.infer<typeof RECIPE>;

/** The language as a JSON Schema, for editors (draft 7: what YAML support of editors knows best). */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(SCENARIO, { target: 'draft-7', io: 'input' });
  const { properties } = schema as unknown as { properties: { guests: { items: { required: string[] } } } };
  // What a file leaves out may come from a file that it includes, or from defaults.
  properties.guests.items.required = ['name'];
  return { ...schema, required: [], title: 'svm-sim scenario' };
}
