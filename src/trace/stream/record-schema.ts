import { z } from 'zod';
import { ACTORS, type AnyEvent, type EventData, type EventKind } from '../../sim/index.ts';
import { FORMAT, type TraceHeader, type TraceRecord } from './trace-records.ts';

// A trace is data from outside: who shows it may rely on what its types say.

const text = z.string();
const count = z.int().min(0);
const actor = z.enum(ACTORS);
const registers = z.record(text, z.bigint());
const issuer = <const T extends readonly string[]>(...names: T) => z.enum(names);

const call = { number: count, name: text };
const back = { ...call, outcome: text, r3: z.bigint().optional(), r3Name: text.optional(), out: registers };
const message = { name: text, code: count, via: text };
const moved = { from: text, to: text, why: text };

/** The data of each kind of event. */
const DATA: { readonly [K in EventKind]: z.ZodType<EventData[K]> } = {
  'step.start': z.strictObject({ step: text, text }),
  'step.end': z.strictObject({ step: text, ok: z.boolean(), text }),
  'hcall.call': z.strictObject({ ...call, issuer: issuer('guest', 'svm', 'ultravisor'), args: registers }),
  'hcall.return': z.strictObject(back),
  'ultracall.call': z.strictObject({ ...call, issuer: issuer('guest', 'svm', 'hypervisor'), args: registers }),
  'ultracall.return': z.strictObject(back),
  'proxy.file': z.strictObject({ call: z.enum(['open', 'write', 'read', 'close']), path: text, result: text }),
  'tpm.command': z.strictObject(message),
  'tpm.response': z.strictObject({ ...message, rc: count, rcName: text }),
  'tpmrm.space': z.strictObject({ space: count, what: z.enum(['open', 'close', 'ruined']), detail: text }),
  page: z.strictObject({ gpa: z.bigint(), ...moved, digest: text.optional() }),
  state: z.strictObject({ of: text, ...moved }),
  key: z.strictObject({ name: text, what: text }),
  secret: z.strictObject({ id: count, name: text, bytes: count, knownBy: z.array(actor) }),
  check: z.strictObject({ name: text, ok: z.boolean(), detail: text, source: text }),
  adversary: z.strictObject({ action: text, target: text, detail: text }),
  note: z.strictObject({ text }),
};

const around = {
  seq: count,
  virtualTimeNs: z.bigint().min(0n),
  actor,
  cause: count.nullable(),
  host: text.optional(),
  lpid: count.optional(),
  vcpu: count.optional(),
  sights: z.array(z.strictObject({ what: text, bytes: z.instanceof(Uint8Array), seenBy: z.array(actor), suppliedBy: actor.optional() })),
};

const [first, ...others] = (Object.keys(DATA) as EventKind[]).map(kind =>
  z.strictObject({ ...around, kind: z.literal(kind), data: DATA[kind] }),
);
const event = z
  .discriminatedUnion('kind', [first as z.ZodObject, ...others], {
    error: ({ code }) => (code === 'invalid_union' ? 'is no kind of event that is known' : undefined),
  })
  .refine(({ seq, cause }) => cause === null || (cause as number) < (seq as number), {
    path: ['cause'],
    message: 'is no event before this one',
  }) as unknown as z.ZodType<AnyEvent>;

const run = z.strictObject({
  title: text,
  seed: text,
  hosts: z.array(z.strictObject({ name: text, tpm: text, profile: text, generation: text.optional() })),
});

export const TRACE_HEADER: z.ZodType<TraceHeader> = z.object({ format: z.literal(FORMAT), version: count, simulator: text });

export const TRACE_RECORD: z.ZodType<TraceRecord> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('run'), run }),
  z.strictObject({ type: z.literal('event'), event }),
  z.strictObject({ type: z.literal('verdict'), ok: z.boolean() }),
  z.strictObject({ type: z.literal('end'), records: count }),
]);
