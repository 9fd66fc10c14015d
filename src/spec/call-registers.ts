import type { HypercallSignature } from './hypercall.ts';
import { type Named, type RegisterFile, type RegisterUse, type RegisterUses, readRegisters, s64, u64 } from './registers.ts';

/** What a call is known by to its caller: number and registers. */
export type CallRegisters<I extends RegisterUses, O extends RegisterUses> = Pick<HypercallSignature<I, O>, 'number' | 'in' | 'out'>;

/** A value for each register that a call takes. */
export type CallInput<I extends RegisterUses> = { readonly [K in keyof I]: bigint | number };

/** What a call leaves behind: r3 as the signed number that it stands for, and the registers of the signature's `out`. */
export interface CallResults<O extends RegisterUses> {
  readonly r3: bigint;
  readonly out: Named<O>;
}

/** The arguments of a call that takes all of them from r4 on, one register after the other. */
export function argumentsOf<I extends RegisterUses>(call: CallRegisters<I, RegisterUses>, input: CallInput<I>): bigint[] {
  const values: bigint[] = [];
  for (const name in call.in) values[(call.in[name] as RegisterUse).register - 4] = u64(input[name]);
  return values;
}

/** The number into r3, the arguments where the signature has them; all other registers stay. */
export function loadCall<I extends RegisterUses>(vcpu: RegisterFile, call: CallRegisters<I, RegisterUses>, input: CallInput<I>): void {
  vcpu.set(3, call.number);
  for (const name in call.in) vcpu.set((call.in[name] as RegisterUse).register, input[name]);
}

export const callResults = <O extends RegisterUses>(
  vcpu: Pick<RegisterFile, 'get'>,
  call: Pick<CallRegisters<RegisterUses, O>, 'out'>,
): CallResults<O> => ({
  r3: s64(vcpu.get(3)),
  out: readRegisters(vcpu, call.out),
});

/** Makes a call by a door (`sc 1`, `sc 2`): loads its registers, goes through, reads the results. */
export async function makeCall<I extends RegisterUses, O extends RegisterUses>(
  vcpu: RegisterFile,
  call: CallRegisters<I, O>,
  input: CallInput<I>,
  door: () => Promise<unknown>,
): Promise<CallResults<O>> {
  loadCall(vcpu, call, input);
  await door();
  return callResults(vcpu, call);
}
