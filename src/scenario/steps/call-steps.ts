import { z } from 'zod';
import { hcalls } from '../../hcall/index.ts';
import { hName, uName } from '../../spec/index.ts';
import { ultracalls } from '../../ultravisor/index.ts';
import type { Run } from '../run/run-state.ts';
import type { StepOutcome } from '../run/step-outcome.ts';
import { ARGS, type Declared, registersOf } from './call-arguments.ts';
import { OF_A_GUEST, stepKind } from './step-kind.ts';

const hypercallNames = [...hcalls.values()].map(({ name }) => name);
const ultracallNames = [...ultracalls.values()].map(({ name }) => name);
type Args = z.infer<typeof ARGS>;

const byName = <C extends Declared & { readonly name: string }>(table: ReadonlyMap<number, C>, name: string): C | undefined =>
  [...table.values()].find(call => call.name === name);

function outcomeOf(
  after: readonly bigint[] | { readonly never: string; readonly scope: 'guest' | 'host' },
  state: string,
  u: boolean,
): StepOutcome {
  if ('never' in after) return { result: { kind: 'never', how: after.never, scope: after.scope }, state };
  const r3 = BigInt.asIntN(64, after[3] ?? 0n);
  const r3Name = u ? uName(r3) : hName(r3);
  return { result: r3 === 0n ? { kind: 'ok' } : { kind: 'code', r3, ...(r3Name ? { r3Name } : {}) }, state, registers: after };
}

export const hypercall = stepKind({
  name: 'hypercall',
  about: 'The guest makes a hypercall (`sc 1`).',
  of: OF_A_GUEST,
  fields: {
    call: z.union([z.enum(hypercallNames), z.int()]).describe('Which one: its name, or a number.'),
    args: ARGS,
    user: z.boolean().optional().describe('From problem state: by a user program.'),
  },
  expects: ['result', 'state', 'registers', 'refusedBy'],
  usual: { result: 'ok' },
  text: (step, run) =>
    `${run.guestName(step.guest)} makes ${typeof step.call === 'number' ? `hypercall 0x${step.call.toString(16)}` : step.call}`,
  async run({ guest: name, call, args, user }, run) {
    const guest = run.guest(name);
    const record = typeof call === 'number' ? hcalls.get(call) : byName(hcalls, call);
    const after = await guest.call('sc 1', registersOf(record, record?.number ?? Number(call), args), user);
    return outcomeOf(after, guest.state, false);
  },
});

export const ultracall = stepKind({
  name: 'ultracall',
  about: 'The guest or its hypervisor makes an ultracall (`sc 2`).',
  of: OF_A_GUEST,
  fields: {
    by: z
      .enum(['guest', 'hypervisor'])
      .optional()
      .describe("Who makes it. Default: the guest. Of the hypervisor, `lpid` is the guest's unless given."),
    call: z.union([z.enum(ultracallNames), z.int()]).describe('Which one: its name, or a number.'),
    args: ARGS,
    user: z.boolean().optional().describe('From problem state: by a user program.'),
  },
  expects: ['result', 'state', 'registers', 'refusedBy'],
  usual: { result: 'ok' },
  text: (step, run) =>
    `${step.by === 'hypervisor' ? 'the hypervisor' : run.guestName(step.guest)} makes ${typeof step.call === 'number' ? `ultracall 0x${step.call.toString(16)}` : step.call}`,
  async run({ guest: name, by, call, args, user }, run) {
    const guest = run.guest(name);
    const record = typeof call === 'number' ? ultracalls.get(call) : byName(ultracalls, call);
    const number = record?.number ?? Number(call);
    if (by === 'hypervisor') return outcomeOf(await asHypervisor(run, name, record, number, args), guest.state, true);
    return outcomeOf(await guest.call('sc 2', registersOf(record, number, args), user), guest.state, true);
  },
});

async function asHypervisor(
  run: Run,
  guest: string | undefined,
  record: Declared | undefined,
  number: number,
  args: Args,
): Promise<readonly bigint[]> {
  const { lpid } = run.guest(guest).spec;
  const registers = registersOf(record, number, { ...(record && 'lpid' in record.in ? { lpid } : {}), ...args });
  const given = Array.from({ length: 9 }, (_, i) => registers.get(4 + i) ?? 0n);
  const after = await run.hostOf(guest).hypervisor.anyUltracall(number, ...given);
  return [0n, 0n, 0n, ...after];
}
