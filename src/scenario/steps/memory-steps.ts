import { z } from 'zod';
import { gfnOf, PAGE_BYTES, PAGE_SHIFT } from '../../hcall/index.ts';
import { UV_PAGE_OUT } from '../../spec/index.ts';
import { CONTENTS } from '../language/values.ts';
import { OK, type StepOutcome } from '../run/step-outcome.ts';
import { OF_A_GUEST, stepKind } from './step-kind.ts';

const GPA = z
  .union([z.int().min(0), z.string().regex(/^0x[0-9a-fA-F]+$/, 'is no address: write 0x8000000')])
  .describe('Guest physical address, such as 0x8000000.');
const CANARY_BYTES = 32;

export const write = stepKind({
  name: 'write',
  about: 'The guest writes into its memory. A canary is 32 random bytes that the hypervisor must never see.',
  of: OF_A_GUEST,
  fields: { gpa: GPA, contents: z.union([CONTENTS, z.literal('canary')]).describe('What is written, or `canary`.') },
  expects: ['result', 'state'],
  usual: { result: 'ok' },
  text: (step, run) => `${run.guestName(step.guest)} writes at ${step.gpa}`,
  async run({ guest: name, gpa, contents }, run): Promise<StepOutcome> {
    const guest = run.guest(name);
    const bytes =
      contents === 'canary' ? run.world.random.fork(`canary at ${gpa} of ${guest.name}`).bytes(CANARY_BYTES) : run.bytesOf(contents);
    if (contents === 'canary') run.world.secrets.register(`page at ${gpa} of ${guest.name}`, bytes, ['svm', 'ultravisor']);
    await guest.write(BigInt(gpa), bytes);
    return { result: OK, state: guest.state, bytes };
  },
});

export const read = stepKind({
  name: 'read',
  about: 'The guest, or its hypervisor, reads memory at a guest physical address.',
  of: OF_A_GUEST,
  fields: {
    by: z.enum(['guest', 'hypervisor']).optional().describe("Whose view. Default: the guest's."),
    gpa: GPA,
    length: z.int().positive().max(PAGE_BYTES).describe('Bytes.'),
  },
  expects: ['result', 'state', 'bytes', 'refusedBy'],
  usual: { result: 'ok' },
  text: (step, run) =>
    `${step.by === 'hypervisor' ? 'the hypervisor' : run.guestName(step.guest)} reads ${step.length} bytes at ${step.gpa}`,
  async run({ guest: name, by, gpa, length }, run): Promise<StepOutcome> {
    const guest = run.guest(name);
    const bytes = by === 'hypervisor' ? guest.partition.read(BigInt(gpa), length, 'hypervisor') : await guest.read(BigInt(gpa), length);
    return { result: OK, state: guest.state, bytes };
  },
});

export const pageOut = stepKind({
  name: 'page-out',
  about: 'The hypervisor takes a page of the SVM out of secure memory: it gets ciphertext (UV_PAGE_OUT).',
  of: OF_A_GUEST,
  fields: { gpa: GPA },
  expects: ['result', 'state'],
  usual: { result: 'ok' },
  text: (step, run) => `the hypervisor pages ${step.gpa} of ${run.guestName(step.guest)} out`,
  async run({ guest: name, gpa }, run): Promise<StepOutcome> {
    const { partition, spec, state } = run.guest(name);
    const gfn = gfnOf(BigInt(gpa));
    const page = { lpid: spec.lpid, ra: partition.frame(gfn), gpa: BigInt(gpa), flags: 0, order: PAGE_SHIFT };
    const { r3 } = await run.hostOf(name).hypervisor.ultracall(UV_PAGE_OUT, page);
    if (r3 !== 0n) return { result: { kind: 'code', r3 }, state };
    partition.setGfnState(gfn, 'paged-out');
    return { result: OK, state };
  },
});

export const tamper = stepKind({
  name: 'tamper',
  about: 'The hypervisor writes into normal memory: a shared page, or the ciphertext of a page that it was given.',
  of: OF_A_GUEST,
  fields: { gpa: GPA, contents: CONTENTS.describe('What is written.') },
  expects: ['result', 'state'],
  usual: { result: 'ok' },
  text: (step, run) => `the hypervisor writes at ${step.gpa} of ${run.guestName(step.guest)}`,
  async run({ guest: name, gpa, contents }, run): Promise<StepOutcome> {
    const guest = run.guest(name);
    guest.partition.write(BigInt(gpa), run.bytesOf(contents), 'hypervisor');
    return { result: OK, state: guest.state };
  },
});
