import { type Hcall, hcalls } from '../../hcall/index.ts';
import {
  type Caller,
  FATAL_HCALLS,
  H,
  H_RANDOM,
  H_RTAS,
  HCALL_COUNTS,
  type HName,
  type RegisterUses,
  U,
  type UName,
  UNPUBLISHED,
} from '../../spec/index.ts';
import { type AnyUltracall, checks, conditionsOf, FIELDS, fieldNames, fieldOf, profileNames, ultracalls } from '../../ultravisor/index.ts';

export interface RegisterEntry {
  readonly name: string;
  readonly register: number;
  readonly unit: string;
  readonly values?: Readonly<Record<string, number>>;
}

export interface ReturnEntry {
  readonly code: string;
  /** Null: the documents have the name, and no number was ever published. */
  readonly number: number | null;
  readonly when: string;
  /** Profiles in which this reason holds. */
  readonly profiles: readonly string[];
}

/** What a profile's field says of a call: its value in each profile. */
export interface FieldEntry {
  readonly field: string;
  readonly about: string;
  readonly values: Readonly<Record<string, string>>;
}

/** A hypercall or ultracall as its record declares it: the command line and the documents show this. */
export interface CallEntry {
  readonly kind: 'hypercall' | 'ultracall';
  readonly number: number;
  readonly name: string;
  readonly about: string;
  readonly caller: string;
  readonly provider: 'qemu' | 'kvm-pef' | 'ultravisor';
  readonly source: string;
  readonly in: readonly RegisterEntry[];
  readonly out: readonly RegisterEntry[];
  readonly returns: readonly ReturnEntry[];
  readonly fields: readonly FieldEntry[];
  /** Named checks that are made in its course. */
  readonly checks: readonly string[];
  /** Of a hypercall: what becomes of it when an SVM makes it. */
  readonly fromSvm?: string;
}

const CALLERS: Readonly<Record<Caller, string>> = {
  hypervisor: 'the hypervisor (HV=1, PR=0)',
  'svm kernel': 'the kernel of an SVM (S=1, HV=0, PR=0)',
  'guest kernel': 'the kernel of a guest (HV=0, PR=0)',
  anyone: 'anyone, programs in user space too',
};

const registers = (uses: RegisterUses): RegisterEntry[] =>
  Object.entries(uses).map(([name, { register, unit, values }]) => ({ name, register, unit, ...(values ? { values } : {}) }));

const everywhere = (code: string, number: number, when: string): ReturnEntry => ({ code, number, when, profiles: profileNames });

/** What it says when nothing is wrong, unless the record says something of its own. */
function success(call: { readonly returns: object; readonly name: string }, code: string): ReturnEntry[] {
  const saysItself = code in call.returns || ['UV_RETURN', 'UV_ESMB_GET_FILE', 'H_SVM_INIT_ABORT'].includes(call.name);
  return saysItself ? [] : [everywhere(code, 0, 'done')];
}

function hypercall(call: Hcall): CallEntry {
  const declared = Object.entries(call.returns).map(([code, when]) => everywhere(code, H[code.slice(2) as keyof typeof H], when));
  const byDispatch: ReturnEntry[] = [];
  const has = (code: HName): boolean => code in call.returns;
  if (!has('H_PRIVILEGE')) byDispatch.push(everywhere('H_PRIVILEGE', H.PRIVILEGE, 'called from problem state'));
  if (!has('H_FUNCTION'))
    byDispatch.push(
      everywhere('H_FUNCTION', H.FUNCTION, `the machine has no ${call.provider === 'qemu' ? 'QEMU' : 'KVM with the facility'}`),
    );
  return {
    kind: 'hypercall',
    number: call.number,
    name: call.name,
    about: call.about,
    caller: call.caller === 'secure' ? 'the Ultravisor, or the kernel of an SVM (S in SRR1)' : 'the kernel of a guest (PR=0)',
    provider: call.provider,
    source: call.source,
    in: registers(call.in),
    out: registers(call.out),
    returns: [...success(call, 'H_SUCCESS'), ...declared, ...(call.provider === 'kvm-pef' ? byDispatch : byDispatch.slice(0, 1))],
    ...governedBy(call.name),
    fromSvm: reflection(call.number),
  };
}

/** What becomes of it when an SVM makes it (docs/reference/pef.md#reflected-hypercalls). */
function reflection(number: number): string {
  if (number === H_RANDOM.number) return 'never reaches the hypervisor';
  if (number === H_RTAS.number) return 'reflected by way of a bounce page; r3 is not written';
  const counts = HCALL_COUNTS.get(number);
  if (counts)
    return `reflected: the hypervisor sees r3 to r${2 + counts.in}, the SVM gets back ${counts.out === 1 ? 'r3' : `r3 to r${2 + counts.out}`}`;
  return FATAL_HCALLS.has(number) ? 'in the table with counts -1: an assertion' : 'not in the table of reflected calls: an assertion';
}

function ultracall(call: AnyUltracall): CallEntry {
  const declared = Object.keys(call.returns).flatMap(code =>
    conditionsOf(call, code).map(({ when, profiles }) => ({
      code,
      number: UNPUBLISHED.has(code as UName) ? null : U[code.slice(2) as keyof typeof U],
      when,
      profiles,
    })),
  );
  const byDispatch: ReturnEntry[] = [];
  if (call.caller !== 'anyone') byDispatch.push(everywhere('U_PERMISSION', U.PERMISSION, `the caller is not ${CALLERS[call.caller]}`));
  if (call.caller === 'hypervisor' && call.name !== 'UV_RETURN')
    byDispatch.push(everywhere('U_BAD_MODE', U.BAD_MODE, 'a transaction is active or suspended (MSR[TS])'));
  return {
    kind: 'ultracall',
    number: call.number,
    name: call.name,
    about: call.about,
    caller: CALLERS[call.caller],
    provider: 'ultravisor',
    source: call.source,
    in: registers(call.in),
    out: registers(call.out),
    returns: [...success(call, 'U_SUCCESS'), ...declared, ...byDispatch],
    ...governedBy(call.name),
  };
}

/** Fields of the profiles and named checks that have a say in a call. */
function governedBy(name: string): Pick<CallEntry, 'fields' | 'checks'> {
  return {
    fields: fieldNames
      .filter(field => FIELDS[field].calls.includes(name))
      .map(field => ({
        field,
        about: FIELDS[field].about,
        values: Object.fromEntries(profileNames.map(profile => [profile, String(fieldOf(profile, field).is)])),
      })),
    checks: [...checks].flatMap(([check, { calls }]) => (calls.includes(name) ? [check] : [])),
  };
}

const byNumber = (a: CallEntry, b: CallEntry): number => a.number - b.number;

/** All hypercalls and ultracalls, by number. */
export const callEntries: readonly CallEntry[] = [...[...hcalls.values()].map(hypercall), ...[...ultracalls.values()].map(ultracall)].sort(
  byNumber,
);
