import { hex } from '../../bytes/index.ts';
import { hcalls } from '../../hcall/index.ts';
import type { EventData, SimEvent } from '../../sim/index.ts';
import { H_MEANING, type HName, type RegisterUses, s64, showRegister, U_MEANING, type UName } from '../../spec/index.ts';
import { ultracalls, whenGiven } from '../../ultravisor/index.ts';
import type { Rendering } from './kind-record.ts';

/** Calls that move one page or carry one answer: there are many, and page events tell the same. */
const ROUTINE: ReadonlySet<string> = new Set([
  'H_SVM_PAGE_IN',
  'H_SVM_PAGE_OUT',
  'UV_PAGE_IN',
  'UV_PAGE_OUT',
  'UV_RETURN',
  'UV_REGISTER_MEM_SLOT',
]);

interface CallRecord {
  readonly in: RegisterUses;
  readonly out: RegisterUses;
}

const callRecord = (kind: string, number: number): CallRecord | undefined =>
  kind.startsWith('hcall') ? hcalls.get(number) : ultracalls.get(number);

export function renderCall({ kind, data }: SimEvent<'hcall.call'> | SimEvent<'ultracall.call'>): Rendering {
  const record = callRecord(kind, data.number);
  const name = record ? data.name : `${data.name} ${hex(data.number)}`;
  const args = showRegisters(record?.in, data.args);
  return { text: args ? `${name}  ${args}` : name, opens: true, routine: ROUTINE.has(data.name) };
}

export function renderReturn({ kind, data }: SimEvent<'hcall.return'> | SimEvent<'ultracall.return'>): Rendering {
  const record = callRecord(kind, data.number);
  const failed = isFailure(data);
  const meaning = failed && data.r3Name ? meaningOf(kind, data.number, data.r3Name) : undefined;
  const out = showRegisters(record?.out, data.out);
  const result = [showResult(data), ...(out ? [out] : []), ...(meaning ? [`(${meaning})`] : [])].join('  ');
  return {
    text: `${data.name} → ${result}`,
    closes: { result, bare: `${data.name} → ${result}` },
    routine: !failed && ROUTINE.has(data.name),
    ...(failed ? { tone: 'bad' } : {}),
  };
}

function showRegisters(uses: RegisterUses | undefined, values: Readonly<Record<string, bigint>>): string {
  return Object.entries(values)
    .map(([name, value]) => ({ name, shown: uses?.[name] ? showRegister(uses[name], value) : hex(value) }))
    .filter(({ shown }) => shown !== '""') // text in several registers: those behind its end
    .map(({ name, shown }) => `${name}=${shown}`)
    .join(' ');
}

type ReturnData = EventData['hcall.return'];

function isFailure({ outcome, r3Name }: ReturnData): boolean {
  if (r3Name !== undefined) return !r3Name.endsWith('_SUCCESS');
  return outcome.startsWith('never') || outcome.startsWith('hypervisor dies');
}

function showResult({ outcome, r3, r3Name }: ReturnData): string {
  // UV_ESM that succeeds: the kernel starts again from its base.
  if (r3 === undefined) return outcome === 'goes on elsewhere' ? 'does not return: goes on elsewhere' : outcome;
  return r3Name ? `${r3Name}${r3 === 0n ? '' : ` (${s64(r3)})`}` : String(s64(r3));
}

function meaningOf(kind: string, number: number, name: string): string | undefined {
  const hypercall = kind.startsWith('hcall');
  const here = hypercall ? hcalls.get(number)?.returns[name as HName] : whenGiven(ultracalls.get(number), name);
  if (here) return here;
  const general: Readonly<Record<string, string>> = hypercall ? H_MEANING : U_MEANING;
  return general[(name as HName | UName).slice(2)];
}
