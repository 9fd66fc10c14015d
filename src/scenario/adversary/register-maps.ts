import type { AnyHcall, HcallResult, Vcpu } from '../../hcall/index.ts';
import type { RegisterUses } from '../../spec/index.ts';

/** Registers by name, `r3`, `hsrr0`: what actions on registers work on. */
export type RegisterMap = Map<string, bigint>;
type Answered = Extract<HcallResult<RegisterUses>, { r3: number }>;

const outputs = (call: AnyHcall | null): readonly (readonly [name: string, register: string])[] => {
  const uses: RegisterUses = call?.out ?? {};
  return Object.entries(uses).map(([name, { register }]) => [name, `r${register}`]);
};

/** What a hypercall gives back: r3 and the registers that it declares. */
export const readCallResult = (call: AnyHcall | null, { r3, out }: Answered): RegisterMap =>
  new Map([['r3', BigInt(r3)], ...outputs(call).map(([name, register]): [string, bigint] => [register, out?.[name] ?? 0n])]);

export function writeCallResult(call: AnyHcall | null, { out }: Answered, registers: RegisterMap): Answered {
  const changed = Object.fromEntries(outputs(call).map(([name, register]) => [name, registers.get(register) ?? 0n]));
  return { r3: Number(registers.get('r3')), ...(out ? { out: changed } : {}) };
}

const BESIDE = ['hsrr0', 'hsrr1', 'lpidr', 'pidr'] as const;

/** The registers with which UV_RETURN is made. */
export const readReturn = ({ regs }: Vcpu): RegisterMap =>
  new Map([
    ...regs.gpr.map((value, n): [string, bigint] => [`r${n}`, value]),
    ...BESIDE.map((name): [string, bigint] => [name, regs[name]]),
  ]);

export function writeReturn({ regs }: Vcpu, registers: RegisterMap): void {
  regs.gpr = regs.gpr.map((value, n) => registers.get(`r${n}`) ?? value);
  for (const name of BESIDE) regs[name] = registers.get(name) ?? regs[name];
}
