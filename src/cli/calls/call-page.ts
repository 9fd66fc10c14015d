import { hex } from '../../bytes/index.ts';
import type { Paint } from '../../trace/index.ts';
import { profileNames } from '../../ultravisor/index.ts';
import { columns } from '../terminal/columns.ts';
import type { CallEntry, FieldEntry, RegisterEntry, ReturnEntry } from './call-entries.ts';

/** `0xF128`: as headers write it. */
export const callNumber = (number: number): string => `0x${number.toString(16).toUpperCase()}`;

/** The table: a line for each call. */
export function showCalls(entries: readonly CallEntry[], paint: Paint): string {
  const rows = entries.map(({ number, name, provider, caller, about }) => [
    callNumber(number),
    name,
    provider,
    caller.replace(/ \(.*/, ''),
    about,
  ]);
  return columns([['number', 'name', 'provider', 'who may call', 'what it is for'].map(head => paint(head, 'heading')), ...rows]);
}

/** One call, whole. */
export function showCall(entry: CallEntry, paint: Paint): string {
  const { name, number, kind, about, caller, provider, source, fromSvm, checks, fields } = entry;
  const facts = [['who may call', caller], ['provider', provider], ...(fromSvm ? [['from an SVM', fromSvm]] : []), ['source', source]];
  const parts = [
    `${paint(`${name} (${callNumber(number)}), ${kind}`, 'heading')}\n${about}`,
    columns(facts),
    section('in', entry.in.map(showRegisterUse), paint),
    section('out', entry.out.map(showRegisterUse), paint),
    section('returns', entry.returns.map(showReturn), paint),
    section('profiles', fields.length === 0 ? [] : [['', ...profileNames], ...fields.map(showField)], paint),
    section(
      'checks',
      checks.map(check => [check]),
      paint,
    ),
  ];
  return parts.filter(part => part !== '').join('\n\n');
}

const section = (title: string, rows: readonly (readonly string[])[], paint: Paint): string =>
  rows.length === 0 ? '' : `${paint(title, 'heading')}\n${columns(rows)}`;

const showRegisterUse = ({ name, register, unit, values }: RegisterEntry): string[] => [
  name,
  `r${register}`,
  values
    ? Object.entries(values)
        .map(([value, n]) => `${value} = ${n > 9 ? hex(n) : n}`)
        .join(', ')
    : unit,
];

const showField = ({ field, about, values }: FieldEntry): string[] => [field, ...profileNames.map(name => values[name] ?? ''), about];

const showReturn = ({ code, number, when, profiles }: ReturnEntry): string[] => [
  code,
  number === null ? 'no published number' : String(number),
  profiles.length === profileNames.length ? when : `${when} (${profiles.join(', ')})`,
];
