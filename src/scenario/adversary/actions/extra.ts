import { z } from 'zod';
import { type AnyHcall, hcalls, PAGE_BYTES, PAGE_SHIFT } from '../../../hcall/index.ts';
import { type RegisterUses, TPM_COMM_OP } from '../../../spec/index.ts';
import { type AnyUltracall, ultracalls } from '../../../ultravisor/index.ts';
import { CONTENTS } from '../../language/values.ts';
import { ARGS, registersOf } from '../../steps/call-arguments.ts';
import { callAction } from '../action.ts';
import type { Moment } from '../moment.ts';
import { firstFrame } from '../regions.ts';
import type { Scene } from '../scene.ts';

const MARK = { hex: '600000004bfffffc' }; // nop; b .
const ITS_OWN: ReadonlyMap<string, AnyUltracall> = new Map(
  [...ultracalls.values()].filter(({ caller, name }) => caller === 'hypervisor' && name !== 'UV_RETURN').map(call => [call.name, call]),
);
const HANDLERS: ReadonlyMap<string, AnyHcall> = new Map([...hcalls.values()].map(call => [call.name, call]));
const FRAMES = ['kernel', 'initrd', 'rtas', 'device-tree', 'blob'] as const;

export const extra = callAction({
  name: 'extra',
  about:
    'Makes a call of its own in between: an ultracall, such as UV_PAGE_IN of a kernel page while it answers H_SVM_INIT_DONE, or a hypercall ' +
    'that nobody made, such as H_TPM_COMM that closes the session of spapr-tpm-proxy.',
  at: ['hypercall'],
  fields: {
    ultracall: z
      .enum([...ITS_OWN.keys()])
      .optional()
      .describe('Which ultracall. Give this or `hypercall`.'),
    hypercall: z
      .enum([...HANDLERS.keys()])
      .optional()
      .describe('Which hypercall it handles as if the guest had made it. Give this or `ultracall`.'),
    args: ARGS,
    frame: z.enum(FRAMES).optional().describe('Of which part of the guest the first frame is meant; default: the kernel.'),
    page: z.int().min(0).optional().describe('Frames behind the first; default 0.'),
    contents: CONTENTS.optional().describe('Of UV_PAGE_IN: what the page begins with; zeros follow.'),
    when: z.enum(['before', 'after']).optional().describe('Before the hypercall is handled (default), or after.'),
  },
  problems: ({ ultracall, hypercall }) =>
    (ultracall === undefined) === (hypercall === undefined) ? [{ path: [], what: 'give either "ultracall" or "hypercall"' }] : [],
  variants: extras,
  before: (_plan, fields, scene) => (fields.when === 'after' ? undefined : make(fields, scene)),
  after: (fields, scene) => (fields.when === 'after' ? make(fields, scene) : undefined),
});

interface Extra {
  readonly ultracall?: string | undefined;
  readonly hypercall?: string | undefined;
  readonly args?: z.infer<typeof ARGS>;
  readonly frame?: (typeof FRAMES)[number] | undefined;
  readonly page?: number | undefined;
  readonly contents?: Parameters<Scene['bytesOf']>[0] | undefined;
  readonly when?: 'before' | 'after' | undefined;
}

function extras({ call }: Moment): Extra[] {
  const swaps = FRAMES.map((frame): Extra => ({ ultracall: 'UV_PAGE_IN', frame, contents: MARK }));
  if (call === 'H_SVM_INIT_DONE')
    return [...swaps, ...swaps.map((one): Extra => ({ ...one, when: 'after' })), { ultracall: 'UV_SVM_TERMINATE' }];
  if (call !== 'H_TPM_COMM') return [];
  return [
    { ultracall: 'UV_PAGE_OUT' },
    { ultracall: 'UV_PAGE_IN', contents: MARK },
    { ultracall: 'UV_PAGE_INVAL' },
    { ultracall: 'UV_UNREGISTER_MEM_SLOT' },
    { hypercall: 'H_TPM_COMM', args: { op: TPM_COMM_OP.CLOSE_SESSION } },
    { hypercall: 'H_SVM_INIT_DONE' },
    { hypercall: 'H_SVM_INIT_ABORT' },
  ];
}

const make = (fields: Extra, scene: Scene): Promise<void> =>
  fields.hypercall === undefined ? makeUltracall(fields, scene) : handle(fields, fields.hypercall, scene);

async function makeUltracall({ ultracall = 'UV_PAGE_IN', frame = 'kernel', page = 0, contents, args }: Extra, scene: Scene): Promise<void> {
  const { reach, guest, lpid, tell, bytesOf } = scene;
  const call = ITS_OWN.get(ultracall);
  if (!call) return;
  const gpa = firstFrame(guest, frame) + BigInt(page * PAGE_BYTES);
  const ra = reach.ownPage(contents ? bytesOf(contents) : new Uint8Array(0));
  // What goes without saying, where the call declares it: this guest, that frame, a page of the hypervisor's own.
  const usual: Readonly<Record<string, bigint | number>> = { lpid, gpa, ra, order: PAGE_SHIFT, size: PAGE_BYTES };
  const own = Object.fromEntries(Object.entries(usual).filter(([name]) => name in call.in));
  const registers = registersOf(call, call.number, {
    ...own,
    ...(ultracall === 'UV_REGISTER_MEM_SLOT' ? { gpa: 0, slotid: 7 } : {}),
    ...args,
  });
  const given = Array.from({ length: 9 }, (_, i) => registers.get(4 + i) ?? 0n);
  tell(`lpid ${lpid}`, `makes ${ultracall} of its own${'gpa' in own ? ` of the frame at 0x${gpa.toString(16)}` : ''}`);
  const [r3 = 0n] = await reach.ultracall(call.number, ...given);
  if (ultracall === 'UV_PAGE_OUT' && r3 === 0n) reach.keepPagedOut(lpid, gpa, ra);
}

async function handle({ args }: Extra, name: string, { reach, intercepted, lpid, tell }: Scene): Promise<void> {
  const call = HANDLERS.get(name);
  if (!call || !intercepted) return;
  const registers = registersOf(call, call.number, args);
  const uses: RegisterUses = call.in;
  const input = Object.fromEntries(Object.entries(uses).map(([field, { register }]) => [field, registers.get(register) ?? 0n]));
  tell(`lpid ${lpid}`, `handles ${name}, which nobody made`);
  await reach.handle(call, intercepted, input);
}
