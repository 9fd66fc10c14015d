import { z } from 'zod';
import { DISK_REASONS } from '../../svm/guest/index.ts';
import { expectation } from './expectation.ts';

const DISK = z
  .strictObject({
    opened: z.boolean().optional().describe('Whether a key slot opens with the passphrase.'),
    reason: z
      .enum(DISK_REASONS)
      .optional()
      .describe(
        'Why it stays locked: `no-key-slot` (wrong passphrase), `key-area` or `digest` (damaged), `header` (no volume that can be read), `client` (the client does not answer for this LUKS version).',
      ),
    luks: z.literal([1, 2]).optional().describe('LUKS version of the volume.'),
    header: z.enum(['primary', 'secondary']).optional().describe('Which copy of the header was used.'),
    keyslot: z.int().min(0).optional().describe('Number of the key slot that opens.'),
    type: z.string().optional().describe('Type of the file system inside, such as `ext4`; `none`: none that is known.'),
    label: z.string().optional().describe('Label of the file system.'),
    uuid: z.string().optional().describe('UUID of the file system.'),
    payloadSha256: z.string().length(64).optional().describe('SHA-256 of the whole decrypted payload, hexadecimal.'),
  })
  .describe('What unlocking the disk gives.');

export const disk = expectation({
  schema: DISK,
  check(wanted, { outcome }) {
    const { disk: found } = outcome;
    const facts: Readonly<Record<string, unknown>> = found?.opened
      ? { ...found, type: 'none', ...found.fileSystem }
      : { opened: false, reason: found?.reason };
    const wrong = Object.entries(wanted).filter(([field, value]) => value !== undefined && facts[field] !== value);
    if (wrong.length === 0) return undefined;
    const show = (fields: Readonly<Record<string, unknown>>) =>
      wrong.map(([field]) => `${field}: ${String(fields[field] ?? 'none')}`).join(', ');
    const why = found && !found.opened ? ` (${found.why})` : '';
    return { expected: show(wanted), actual: show(facts) + why };
  },
});
