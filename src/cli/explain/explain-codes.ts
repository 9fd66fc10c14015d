import { hcalls } from '../../hcall/index.ts';
import { nearest, SimulatorError } from '../../sim/index.ts';
import { H, H_MEANING, U, U_MEANING, UNPUBLISHED } from '../../spec/index.ts';
import { explainRc, responseCodes } from '../../tpm/wire/index.ts';
import { painter } from '../../trace/index.ts';
import { ultracalls, whenGiven } from '../../ultravisor/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';
import { type TssCode, tssCode, tssCodeOfName } from './tss-codes.ts';

/** One thing that a code can mean. */
interface Meaning {
  readonly name: string;
  readonly number: string;
  readonly family: string;
  readonly text: string;
  /** What it says of each call that gives it. */
  readonly calls: readonly { readonly call: string; readonly text: string }[];
}

export async function explain(codes: readonly string[], io: Io): Promise<number> {
  const paint = painter(io.colors);
  const explained = codes.map(code => ({ code, meanings: meaningsOf(code) }));
  for (const { code, meanings } of explained) {
    if (meanings.length > 1 && codes.length > 0) io.out(`${code} has ${meanings.length} meanings, by who gives it:\n`);
    for (const { name, number, family, text, calls } of meanings) {
      io.out(`${paint(name, 'heading')} (${number}), ${family}: ${text}\n`);
      const width = Math.max(0, ...calls.map(({ call }) => call.length));
      for (const call of calls) io.out(`  ${call.call.padEnd(width)}  ${call.text}\n`);
    }
  }
  io.out(`${paint(DISCLAIMER, 'quiet')}\n`);
  return EXIT.held;
}

/**
 * Everything that a name or number can mean.
 * @throws {SimulatorError} when it means nothing, with the nearest name that does.
 */
export function meaningsOf(code: string): readonly Meaning[] {
  const number = numberOf(code);
  const meanings = number === undefined ? ofName(code.toUpperCase()) : ofNumber(number);
  if (meanings.length > 0) return meanings;
  const names = [
    ...Object.keys(H).map(name => `H_${name}`),
    ...Object.keys(U).map(name => `U_${name}`),
    ...responseCodes.map(({ name }) => `TPM_RC_${name}`),
  ];
  const meant = number === undefined ? nearest(code, names) : undefined;
  throw new SimulatorError('cli.unknown-code', {
    what: `no hypercall, ultracall or TPM gives a code "${code}"`,
    hint: meant === undefined ? 'Codes look like H_P5, U_P3, TPM_RC_VALUE, -58 or 0x1c4.' : `Did you mean "${meant}"?`,
  });
}

function numberOf(code: string): number | undefined {
  if (!/^-?(\d+|0x[0-9a-f]+)$/i.test(code)) return undefined;
  const value = code.startsWith('-') ? -BigInt(code.slice(1)) : BigInt(code);
  // A register shows -58 as 0xffffffffffffffc6.
  return Number(BigInt.asIntN(64, value));
}

function ofName(name: string): readonly Meaning[] {
  if (name.startsWith('H_') && name.slice(2) in H) return [hypercall(name.slice(2) as keyof typeof H)];
  if (name.startsWith('U_') && name.slice(2) in U) return [ultracall(name.slice(2) as keyof typeof U)];
  const rc = responseCodes.find(entry => `TPM_RC_${entry.name}` === name);
  return rc ? [tpm(rc.rc)] : stack(tssCodeOfName(name));
}

function ofNumber(number: number): readonly Meaning[] {
  const h = (Object.keys(H) as (keyof typeof H)[]).filter(name => H[name] === number);
  const u = (Object.keys(U) as (keyof typeof U)[]).filter(name => U[name] === number && !UNPUBLISHED.has(`U_${name}`));
  const known = number >= 0 && number <= 0xffff_ffff && explainRc(number).name !== 'unknown';
  return [...h.map(hypercall), ...u.map(ultracall), ...(known ? [tpm(number)] : []), ...stack(tssCode(number))];
}

const stack = (code: TssCode | undefined): readonly Meaning[] =>
  code
    ? [{ name: code.name, number: code.number, family: `from the TPM software stack, ${code.layer}`, text: code.meaning, calls: [] }]
    : [];

function hypercall(key: keyof typeof H): Meaning {
  return {
    name: `H_${key}`,
    number: String(H[key]),
    family: 'from a hypercall',
    text: H_MEANING[key],
    calls: declaredBy(hcalls.values(), call => call.returns[`H_${key}`]),
  };
}

function ultracall(key: keyof typeof U): Meaning {
  const number = UNPUBLISHED.has(`U_${key}`) ? 'no published number' : String(U[key]);
  return {
    name: `U_${key}`,
    number,
    family: 'from an ultracall',
    text: U_MEANING[key],
    calls: declaredBy(ultracalls.values(), call => whenGiven(call, `U_${key}`)),
  };
}

function declaredBy<C extends { readonly name: string }>(calls: Iterable<C>, textOf: (call: C) => string | undefined): Meaning['calls'] {
  return [...calls].flatMap(call => {
    const text = textOf(call);
    return text === undefined ? [] : [{ call: call.name, text }];
  });
}

function tpm(rc: number): Meaning {
  const { name, blames, meaning } = explainRc(rc);
  const number = `0x${rc.toString(16).padStart(3, '0')}`;
  return { name: `${name}${blames ? `, ${blames}` : ''}`, number, family: 'from a TPM', text: meaning, calls: [] };
}
