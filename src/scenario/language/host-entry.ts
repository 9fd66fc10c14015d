import { z } from 'zod';
import { DEFAULT_GENERATION, GENERATION_NAMES, PROGRAM_NAMES, PROGRAMS, type Program } from '../../machine/index.ts';
import { SWAPPING } from '../../tpmrm/index.ts';
import { DEFAULT_PROFILE, profileNames } from '../../ultravisor/index.ts';
import { choices, NAME, path } from './values.ts';

const WRAPPING_KEY = z
  .union([z.literal('generated'), z.strictObject({ file: path('PEM of an RSA-2048 private key.') })])
  .describe(
    '`generated` (default): firmware has the TPM make it at first boot. A file: this private key is imported, as a manufacturer would.',
  );

const PROGRAM_VERSIONS = Object.fromEntries(
  PROGRAM_NAMES.map(program => [
    program,
    z
      .enum(choices(new Set(PROGRAMS[program].map(({ version }) => version))))
      .optional()
      .describe(`Version of ${program}.`),
  ]),
) as Record<Program, z.ZodOptional<z.ZodEnum<Record<string, string>>>>;
const PROFILES = new Set(PROGRAMS.libtpms.flatMap(({ profile }) => profile ?? []));
const GENERATION = z
  .union([
    z.enum(choices(GENERATION_NAMES)),
    z.strictObject({
      base: z.enum(choices(GENERATION_NAMES)).optional().describe(`Of all other programs. Default: ${DEFAULT_GENERATION}.`),
      ...PROGRAM_VERSIONS,
      profile: z.enum(choices(PROFILES)).optional().describe('Of libtpms 0.10 and later.'),
    }),
  ])
  .describe(
    `Which versions of programs run, all of one generation or single ones: \`svm-sim generations\`. Default: ${DEFAULT_GENERATION}.`,
  );

const HOST_FIELDS = {
  tpm: z.string().min(1).optional().describe('The TPM: `embedded` (default), or where another one is reached.'),
  profile: z.enum(profileNames).optional().describe(`How the host's firmware behaves. Default: ${DEFAULT_PROFILE}.`),
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
  generation: GENERATION.optional(),
  securePages: z.int().positive().optional().describe('Secure memory of the host, in pages of 64 KiB. Default: plenty.'),
  ultravisor: z
    .strictObject({
      external: z
        .string()
        .regex(/^unix:.+/, 'is no place: write "unix:" and a path')
        .describe('Where an Ultravisor of your own listens, such as `unix:/tmp/uv.sock` (docs/own-firmware.md).'),
      patienceMs: z.int().positive().optional().describe('Wall time in which it must answer. Default: 10000.'),
    })
    .optional()
    .describe("The Ultravisor runs elsewhere; the profile is then that of host boot alone. Default: the simulator's own."),
  firmware: z.strictObject({ wrappingKey: WRAPPING_KEY.optional() }).optional().describe("What is special about the host's firmware."),
};
/** The only host of a scenario. */
export const HOST = z.strictObject({ name: NAME.optional().describe('What steps call this host. Default: `host`.'), ...HOST_FIELDS });
/** One of several. */
export const NAMED_HOST = z.strictObject({ name: NAME.describe('What steps call this host.'), ...HOST_FIELDS });

export type HostEntry = z.infer<typeof HOST>;
