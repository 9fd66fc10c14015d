import { z } from 'zod';
import { fromBase64 } from './base64.ts';

/** LUKS2 §3.1: 64-bit numbers stand as decimal text. Beyond 2^53 lies no image. */
const uint64 = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/, 'is no decimal number in quotes')
  .transform(Number)
  .refine(Number.isSafeInteger, 'is larger than any image');

const base64 = z.string().transform((text, context) => {
  const bytes = fromBase64(text);
  if (bytes) return bytes;
  context.addIssue({ code: 'custom', message: 'is no base64' });
  return z.NEVER;
});

const count = z.int().min(1);
const small = count.max(2 ** 31 - 1);
const number = z.string().regex(/^(0|[1-9]\d?)$/, 'is no number of an object');
const byNumber = <T extends z.ZodType>(entry: T) => z.record(number, entry);

/** §3.2.1 and RFC 9106 §3.1: at least 8 KiB of memory for each lane. A salt of fewer than 8 bytes is none. */
const argon2 = z
  .object({
    type: z.enum(['argon2i', 'argon2id']),
    time: small,
    memory: small,
    cpus: small.max(2 ** 24 - 1),
    salt: base64.refine(({ length }) => length >= 8, 'is shorter than 8 bytes'),
  })
  .refine(({ memory, cpus }) => memory >= 8 * cpus, { path: ['memory'], message: 'is less than 8 KiB for each lane' });

const pbkdf2 = z.object({ type: z.literal('pbkdf2'), hash: z.string(), iterations: small, salt: base64 });

/** A type or key size that is not known here is a key slot that cannot be tried, not a volume that cannot be read. */
export const luks2Keyslot = z.object({
  type: z.literal('luks2'),
  key_size: count.max(512),
  priority: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(1),
  af: z.object({ type: z.literal('luks1'), stripes: count.max(1 << 20), hash: z.string() }),
  area: z.object({ type: z.literal('raw'), offset: uint64, size: uint64, encryption: z.string(), key_size: count.max(512) }),
  kdf: z.discriminatedUnion('type', [pbkdf2, argon2]),
});

const otherKeyslot = z.object({ type: z.string().refine(type => type !== 'luks2', { abort: true }) });

const segment = z.object({
  type: z.string(),
  offset: uint64,
  size: z.union([z.literal('dynamic'), uint64]),
  iv_tweak: uint64.optional(),
  encryption: z.string().optional(),
  sector_size: z.union([z.literal(512), z.literal(1024), z.literal(2048), z.literal(4096)]).optional(),
  integrity: z.looseObject({}).optional(),
  flags: z.array(z.string()).default([]),
});

const digest = z.object({
  type: z.literal('pbkdf2'),
  keyslots: z.array(number),
  segments: z.array(number),
  hash: z.string(),
  iterations: small,
  salt: base64,
  digest: base64.refine(({ length }) => length >= 16 && length <= 64, 'has another length than a hash'),
});

/** LUKS2 On-Disk Format §3: the JSON area. Fields that it does not name are allowed and not looked at. */
export const luks2Metadata = z.object({
  keyslots: byNumber(z.union([luks2Keyslot, otherKeyslot])),
  tokens: byNumber(z.looseObject({ type: z.string() })),
  segments: byNumber(segment),
  digests: byNumber(digest),
  config: z.object({
    json_size: uint64,
    keyslots_size: uint64,
    flags: z.array(z.string()).default([]),
    requirements: z.object({ mandatory: z.array(z.string()).default([]) }).default({ mandatory: [] }),
  }),
});
export type Luks2Metadata = z.infer<typeof luks2Metadata>;
