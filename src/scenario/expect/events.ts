import { z } from 'zod';
import { ACTORS, type AnyEvent, dataOf } from '../../sim/index.ts';
import { CONTENTS } from '../language/values.ts';
import { type Evidence, expectation } from './expectation.ts';

const PATTERN = z
  .strictObject({
    kind: z.string().optional().describe('Kind of event: `hcall.call`, `tpm.command`, `check`, `state`, `page`, `adversary`, ...'),
    actor: z.enum(ACTORS).optional().describe('Who acts.'),
    name: z.string().optional().describe('Name of the call, command or check.'),
    with: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .optional()
      .describe('Fields of the event and their values.'),
  })
  .describe('An event: every field that is given must fit.');
type Pattern = z.infer<typeof PATTERN>;

function fits({ kind, actor, name, with: fields = {} }: Pattern, event: AnyEvent): boolean {
  const data = dataOf(event);
  return (
    (kind === undefined || kind === event.kind) &&
    (actor === undefined || actor === event.actor) &&
    (name === undefined || name === data.name) &&
    Object.entries(fields).every(([key, value]) => String(data[key]) === String(value))
  );
}

const show = ({ kind, actor, name, with: fields }: Pattern): string =>
  [kind ?? 'event', name, actor && `of ${actor}`, fields && JSON.stringify(fields)].filter(part => part !== undefined).join(' ');

export const inOrder = expectation({
  schema: z.array(PATTERN).min(1).describe('These happen in this order; others may happen between them.'),
  check(wanted, { events }) {
    let at = 0;
    for (const event of events) if (at < wanted.length && fits(wanted[at] as Pattern, event)) at++;
    const missing = wanted[at];
    return missing
      ? { expected: `${show(missing)}${at > 0 ? ` after ${show(wanted[at - 1] as Pattern)}` : ''}`, actual: 'it did not happen' }
      : undefined;
  },
});

export const eventually = expectation({
  schema: z.array(PATTERN).min(1).describe('Each of these happens, in whatever order.'),
  check(wanted, { events }) {
    const missing = wanted.find(pattern => !events.some(event => fits(pattern, event)));
    return missing && { expected: show(missing), actual: 'it did not happen' };
  },
});

export const never = expectation({
  schema: z.array(PATTERN).min(1).describe('None of these happens.'),
  check(wanted, { events }) {
    for (const pattern of wanted) {
      const event = events.find(one => fits(pattern, one));
      if (event) return { expected: `no ${show(pattern)}`, actual: `it happened at #${event.seq}` };
    }
    return undefined;
  },
});

export const count = expectation({
  schema: z
    .array(
      z.strictObject({
        event: PATTERN,
        is: z.int().min(0).optional().describe('Exactly so often.'),
        atLeast: z.int().min(0).optional().describe('At least so often.'),
        atMost: z.int().min(0).optional().describe('At most so often.'),
      }),
    )
    .min(1)
    .describe('How often something happens.'),
  check(wanted, { events }) {
    for (const { event, is, atLeast = is ?? 0, atMost = is ?? Number.POSITIVE_INFINITY } of wanted) {
      const found = events.filter(one => fits(event, one)).length;
      if (found < atLeast || found > atMost) return { expected: `${show(event)} ${atLeast} to ${atMost} times`, actual: `${found} times` };
    }
    return undefined;
  },
});

const VIEW = z.strictObject({ actor: z.enum(ACTORS).describe('Who.'), contents: CONTENTS.describe('The bytes.') });

const seen = ({ events }: Evidence, actor: string, bytes: Uint8Array): AnyEvent | undefined =>
  events.find(event =>
    event.sights.some(
      sight => (sight.seenBy as readonly string[]).includes(actor) && Buffer.from(sight.bytes).includes(Buffer.from(bytes)),
    ),
  );

export const saw = expectation({
  schema: z.array(VIEW).min(1).describe('Somebody could see these bytes in the course of the step.'),
  check(wanted, evidence) {
    const missing = wanted.find(({ actor, contents }) => !seen(evidence, actor, evidence.bytesOf(contents)));
    return missing && { expected: `the ${missing.actor} sees the bytes`, actual: 'nothing of the kind was visible' };
  },
});

export const hidden = expectation({
  schema: z.array(VIEW).min(1).describe('Somebody could not see these bytes in the course of the step.'),
  check(wanted, evidence) {
    for (const { actor, contents } of wanted) {
      const event = seen(evidence, actor, evidence.bytesOf(contents));
      if (event) return { expected: `the ${actor} does not see the bytes`, actual: `they were visible at #${event.seq}` };
    }
    return undefined;
  },
});

const MS = z.number().min(0);

export const takes = expectation({
  schema: z
    .strictObject({ atLeastMs: MS.optional().describe('At least.'), atMostMs: MS.optional().describe('At most.') })
    .describe('Virtual time that the step takes, in milliseconds.'),
  check({ atLeastMs = 0, atMostMs = Number.POSITIVE_INFINITY }, { startNs, endNs }) {
    const ms = Number(endNs - startNs) / 1e6;
    return ms < atLeastMs || ms > atMostMs ? { expected: `${atLeastMs} to ${atMostMs} ms`, actual: `${ms} ms` } : undefined;
  },
});

export const registers = expectation({
  schema: z.record(z.string().regex(/^r\d+$/), z.union([z.int(), z.string()])).describe('Registers afterwards, such as `r4: 0x10`.'),
  check(wanted, { outcome }) {
    for (const [name, value] of Object.entries(wanted)) {
      const actual = outcome.registers?.[Number(name.slice(1))];
      if (actual === undefined || actual !== BigInt.asUintN(64, BigInt(value)))
        return { expected: `${name} = ${value}`, actual: actual === undefined ? 'no registers' : `${name} = ${actual}` };
    }
    return undefined;
  },
});
