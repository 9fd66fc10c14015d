import { z } from 'zod';
import { sameBytes, toHex } from '../../bytes/index.ts';
import { GUEST_STATES } from '../../machine/index.ts';
import { CHECKS, type CheckName } from '../../ultravisor/index.ts';
import { CONTENTS } from '../language/values.ts';
import { expectation } from './expectation.ts';

export const state = expectation({
  schema: z.enum(GUEST_STATES).describe('State of the guest after the step.'),
  check: (wanted, { outcome }) => (outcome.state === wanted ? undefined : { expected: wanted, actual: outcome.state ?? 'no guest' }),
});

export const bytes = expectation({
  schema: CONTENTS.describe('The bytes that the step reads, given as text, as hexadecimal, or in a file.'),
  check(wanted, { outcome, bytesOf }) {
    const expected = bytesOf(wanted);
    const actual = outcome.bytes;
    if (actual && sameBytes(expected, actual)) return undefined;
    const from = 'file' in wanted ? ` of ${wanted.file}` : '';
    if (!actual) return { expected: `${expected.length} bytes${from}`, actual: 'nothing was read' };
    const at = expected.findIndex((byte, i) => byte !== actual[i]);
    const first = at < 0 ? expected.length : at;
    return { expected: excerpt(expected, first) + from, actual: excerpt(actual, first) };
  },
});

/** The neighbourhood of the first byte that differs. Not the whole: it may be somebody's passphrase. */
const excerpt = (all: Uint8Array, at: number): string =>
  at < all.length ? `${all.length} bytes, byte ${at} is 0x${toHex(all.subarray(at, at + 1))}` : `${all.length} bytes`;

const CHANGE = ['same', 'new'] as const;

export const wrappingKey = expectation({
  schema: z.enum(CHANGE).describe("Whether the host's wrapping key has the Name it had before this step, or another (or had none before)."),
  check: (wanted, { outcome }) => changed(wanted, outcome.wrappingKey?.name),
});

export const password = expectation({
  schema: z.enum(CHANGE).describe("Whether the password of the host's wrapping key is the one from before this step, or another."),
  check: (wanted, { outcome }) => changed(wanted, outcome.wrappingKey?.password),
});

function changed(wanted: 'same' | 'new', actual: 'first' | 'same' | 'new' | undefined): { expected: string; actual: string } | undefined {
  if (actual === wanted || (actual === 'first' && wanted === 'new')) return undefined;
  return { expected: wanted, actual: actual ?? 'none' };
}

export const responses = expectation({
  schema: z
    .array(z.string().regex(/^TPM_RC_\w+$/, 'is no response code: it is written as TPM_RC_SUCCESS'))
    .min(1)
    .describe('Response codes of the TPM by name, one for each command that the step sends.'),
  check(wanted, { outcome: { responses: actual = [] } }) {
    if (wanted.length === actual.length && wanted.every((code, i) => code === actual[i])) return undefined;
    return { expected: wanted.join(', '), actual: actual.join(', ') || 'no command was sent' };
  },
});

export const refusedBy = expectation({
  schema: z.enum(Object.keys(CHECKS) as CheckName[]).describe('Name of the check that refuses, such as `digest-kernel`.'),
  check(wanted, { events }) {
    const failed: readonly string[] = events.flatMap(event => (event.kind === 'check' && !event.data.ok ? [event.data.name] : []));
    // The last one: what failed before it and was passed over all the same refused nothing.
    return failed.at(-1) === wanted
      ? undefined
      : { expected: wanted, actual: failed.length ? failed.join(', ') : 'no check refused anything' };
  },
});
