import { z } from 'zod';
import { PAGE_BYTES } from '../../../hcall/index.ts';
import { ultracalls } from '../../../ultravisor/index.ts';
import { codeNames, codeOf } from '../../codes.ts';
import { CONTENTS } from '../../values.ts';
import { callAction, type Scene } from '../action.ts';
import type { Moment } from '../points.ts';
import { firstFrame } from '../regions.ts';

const CODE = z.enum(codeNames as [string, ...string[]]).describe('Name of the code, such as H_RESOURCE.');
const MARK = { hex: '600000004bfffffc' }; // nop; b .

export const drop = callAction({
  name: 'drop',
  about: 'The call is not made, and said to have succeeded.',
  at: ['hypercall', 'ultracall'],
  fields: {},
  withholds: true,
  variants: () => [{}],
  before(plan, _fields, scene) {
    plan.times = 0;
    scene.tell(scene.moment.call, 'is not done, and said to have succeeded');
  },
});

export const answer = callAction({
  name: 'answer',
  about: 'Answers with a code in place of doing what was asked.',
  at: ['hypercall', 'ultracall'],
  fields: { code: CODE },
  withholds: true,
  variants: ({ point, call }) =>
    (point === 'ultracall' ? [] : call === 'H_TPM_COMM' ? ['H_RESOURCE', 'H_FUNCTION', 'H_BUSY'] : ['H_PARAMETER', 'H_STATE']).map(
      code => ({ code }),
    ),
  before(plan, { code }, scene) {
    plan.times = 0;
    plan.answer = codeOf(code) ?? 0;
    scene.tell(scene.moment.call, `is answered with ${code}, and not done`);
  },
});

export const report = callAction({
  name: 'report',
  about: 'Does what was asked, and gives another code back.',
  at: ['hypercall', 'ultracall'],
  fields: { code: CODE },
  withholds: true,
  variants: ({ point }) => (point === 'hypercall' ? [{ code: 'H_PARAMETER' }, { code: 'H_SUCCESS' }] : []),
  before(plan, { code }, scene) {
    plan.r3 = codeOf(code) ?? 0;
    scene.tell(scene.moment.call, `is done, and said to have given ${code}`);
  },
});

export const duplicate = callAction({
  name: 'duplicate',
  about: 'Makes the call twice; the second answer is given.',
  at: ['hypercall', 'ultracall'],
  fields: {},
  variants: () => [{}],
  before(plan, _fields, scene) {
    plan.times = 2;
    scene.tell(scene.moment.call, 'is done twice');
  },
});

export const delay = callAction({
  name: 'delay',
  about: 'Lets virtual time pass before the call.',
  at: ['hypercall', 'ultracall'],
  fields: { ms: z.int().positive().describe('Virtual milliseconds.') },
  withholds: true,
  variants: ({ point }) => (point === 'hypercall' ? [{ ms: 600_000 }] : []),
  before(_plan, { ms }, { world, moment, tell }) {
    tell(moment.call, `waits ${ms} ms`);
    world.clock.advanceMs(ms);
  },
});

const EXTRA = ['UV_PAGE_IN', 'UV_PAGE_OUT', 'UV_PAGE_INVAL', 'UV_SVM_TERMINATE', 'UV_UNREGISTER_MEM_SLOT', 'UV_REGISTER_MEM_SLOT'] as const;
const FRAMES = ['kernel', 'initrd', 'rtas', 'device-tree', 'blob'] as const;

export const extra = callAction({
  name: 'extra',
  about: 'Makes an ultracall of its own in between, such as UV_PAGE_IN of a kernel page while it answers H_SVM_INIT_DONE.',
  at: ['hypercall'],
  fields: {
    ultracall: z.enum(EXTRA).describe('Which one.'),
    frame: z.enum(FRAMES).optional().describe('Of which part of the guest the first frame is meant; default: the kernel.'),
    page: z.int().min(0).optional().describe('Frames behind the first; default 0.'),
    contents: CONTENTS.optional().describe('Of UV_PAGE_IN: what the page begins with; zeros follow.'),
    when: z.enum(['before', 'after']).optional().describe('Before the hypercall is handled (default), or after.'),
  },
  variants: extras,
  before: (_plan, fields, scene) => (fields.when === 'after' ? undefined : makeExtra(fields, scene)),
  after: (fields, scene) => (fields.when === 'after' ? makeExtra(fields, scene) : undefined),
});

interface ExtraFields {
  readonly ultracall: (typeof EXTRA)[number];
  readonly frame?: (typeof FRAMES)[number] | undefined;
  readonly page?: number | undefined;
  readonly contents?: Parameters<Scene['bytesOf']>[0] | undefined;
}

function extras({ call }: Moment): (ExtraFields & { when?: 'after' })[] {
  const swaps = FRAMES.map(frame => ({ ultracall: 'UV_PAGE_IN' as const, frame, contents: MARK }));
  if (call === 'H_SVM_INIT_DONE')
    return [...swaps, ...swaps.map(one => ({ ...one, when: 'after' as const })), { ultracall: 'UV_SVM_TERMINATE' }];
  if (call !== 'H_TPM_COMM') return [];
  return [
    { ultracall: 'UV_PAGE_OUT' },
    { ultracall: 'UV_PAGE_IN', contents: MARK },
    { ultracall: 'UV_PAGE_INVAL' },
    { ultracall: 'UV_UNREGISTER_MEM_SLOT' },
  ];
}

async function makeExtra({ ultracall, frame = 'kernel', page = 0, contents }: ExtraFields, scene: Scene): Promise<void> {
  const { host, lpid, tell, bytesOf } = scene;
  const { hypervisor, memory } = host;
  const gpa = firstFrame(host, lpid, frame) + BigInt(page * PAGE_BYTES);
  const ra = memory.allocate('normal') ?? 0n;
  const whole = new Uint8Array(PAGE_BYTES);
  if (contents) whole.set(bytesOf(contents).subarray(0, PAGE_BYTES));
  memory.write(ra, whole, 'hypervisor');
  const args: Readonly<Record<ExtraFields['ultracall'], readonly (bigint | number)[]>> = {
    UV_PAGE_IN: [lpid, ra, gpa, 0, 16],
    UV_PAGE_OUT: [lpid, ra, gpa, 0, 16],
    UV_PAGE_INVAL: [lpid, gpa, 16],
    UV_SVM_TERMINATE: [lpid],
    UV_UNREGISTER_MEM_SLOT: [lpid, 0],
    UV_REGISTER_MEM_SLOT: [lpid, 0, PAGE_BYTES, 0, 7],
  };
  tell(`lpid ${lpid}`, `makes ${ultracall} of its own${ultracall.startsWith('UV_PAGE') ? ` of the frame at 0x${gpa.toString(16)}` : ''}`);
  const [r3] = await hypervisor.ultracall(numberOf(ultracall), ...args[ultracall]);
  if (ultracall === 'UV_PAGE_OUT' && r3 === 0n) keepCiphertext(scene, gpa, ra);
}

/** KVM notes that the page is out, so that it can be had back. */
function keepCiphertext({ host, lpid }: Scene, gpa: bigint, ra: bigint): void {
  const partition = host.hypervisor.partition(lpid);
  const gfn = gpa / BigInt(PAGE_BYTES);
  partition.write(gpa, host.memory.read(ra, PAGE_BYTES, 'hypervisor'), 'hypervisor');
  partition.setGfnState(gfn, 'paged-out');
}

function numberOf(name: string): number {
  for (const { number, name: other } of ultracalls.values()) if (other === name) return number;
  throw new RangeError(`no ultracall ${name}`);
}
