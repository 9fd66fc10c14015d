import { type RegisterUses, showRegister } from '../../spec/index.ts';

type Arguments = Readonly<Record<string, bigint>>;

/** Of what a table lists as reasons for a code, those that this call's arguments do not rule out. */
export interface Reason {
  readonly text: string;
  /** Arguments that the reasons are about, as they were. */
  readonly shown: string;
  /** Every listed reason is about an argument, and none of them is so. */
  readonly ruledOut: boolean;
}

const TESTS: readonly { readonly form: RegExp; readonly holds: (value: bigint, than: bigint) => boolean }[] = [
  { form: /^(\w+) (?:is|are) not (\d[\d_]*)$/, holds: (value, than) => value !== than },
  { form: /^(\w+) (?:is|are) (\d[\d_]*)$/, holds: (value, than) => value === than },
  { form: /^(\w+) > (\d[\d_]*)$/, holds: (value, than) => value > than },
  { form: /^(\w+) < (\d[\d_]*)$/, holds: (value, than) => value < than },
];

/** The tables say what they say of an argument as a number in one form: `order is not 16`, `out_size < 4096`. */
export function reasonHere(listed: string, args: Arguments, uses: RegisterUses): Reason {
  const all = listed.split(/; |, or | or (?=\w+ (?:is|are|<|>) )/).map(text => ({ text, holds: judged(text, args, uses) }));
  const sure = all.filter(({ holds }) => holds === true);
  const left = sure.length > 0 ? sure : all.filter(({ holds }) => holds !== false);
  const ruledOut = left.length === 0;
  const about = (ruledOut ? all : left).map(({ text }) => text);
  const named = Object.keys(uses).filter(name => name in args && about.some(text => new RegExp(`\\b${name}\\b`).test(text)));
  const shown = named.map(name => `${name} ${showRegister(uses[name] as RegisterUses[string], args[name] ?? 0n)}`).join(', ');
  return { text: about.join(', or '), shown, ruledOut };
}

function judged(text: string, args: Arguments, uses: RegisterUses): boolean | undefined {
  for (const { form, holds } of TESTS) {
    const [, name = '', number = ''] = form.exec(text) ?? [];
    const value = args[name];
    if (value !== undefined) return holds(value, BigInt(number.replaceAll('_', '')));
  }
  const [, name = ''] = /^(\w+) is neither /.exec(text) ?? [];
  const values = uses[name]?.values;
  const value = args[name];
  return values && value !== undefined ? !Object.values(values).some(one => BigInt(one) === value) : undefined;
}
