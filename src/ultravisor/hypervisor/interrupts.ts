import { MSR, type Registers, type Vcpu, zeroRegisters } from '../../hcall/index.ts';
import type { Returned, SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { killSvm } from './kill-svm.ts';
import { sprsFor } from './masked-sprs.ts';
import { enterHypervisor, exchange, newCookie } from './world-switch.ts';

/** Status bits of SRR1 that a synthesized interrupt may set (docs/reference/pef.md#interrupts-made-by-the-hypervisor). */
const STATUS_BITS = 0x783f_0000n;
const MACHINE_CHECK = 0x200;
/** Where a machine check may be taken: a guest could register another address by RTAS ibm,nmi-register, which no guest here does. */
const FWNMI_HANDLER = 0x200n;
const HIGHEST_VECTOR = 0x2000n;
const VECTOR_ALIGNMENT = 32n;

/** Enters the hypervisor for an SVM; afterwards all registers are the SVM's again. */
export async function pass(ctx: SvmContext, vector: number, registersIn: number, decShown = false): Promise<Returned> {
  const { uv, vcpu } = ctx;
  const saved = vcpu.saved();
  const cookie = newCookie(uv);
  vcpu.load(frameFor(uv, saved, vector, registersIn, cookie, decShown));
  const returned = await exchange(uv, vcpu, vector, cookie);
  vcpu.load(saved);
  if (returned.pidr !== saved.pidr) await killSvm(ctx, 'the hypervisor changed PIDR');
  return returned;
}

/** What the hypervisor finds: the counted registers, one random value in the first other one, zero in all the rest. */
function frameFor(uv: Ultravisor, svm: Registers, vector: number, registersIn: number, cookie: bigint, decShown: boolean): Registers {
  const frame = zeroRegisters();
  Object.assign(frame, { lpidr: svm.lpidr, pidr: svm.pidr, spr: sprsFor(svm.spr, vector, decShown) });
  const noise = uv.random.word64();
  frame.gpr[0] = noise; // the published generator yields one value, then zeros
  for (let n = 3; n < 3 + registersIn; n++) frame.gpr[n] = svm.gpr[n] ?? 0n;
  enterHypervisor(frame, svm.msr, cookie, vector);
  return frame;
}

/**
 * HSRR0 that is no longer the cookie asks for an interrupt in the SVM, if it is a vector
 * (docs/reference/pef.md#interrupts-made-by-the-hypervisor).
 */
export function synthesize(vcpu: Vcpu, vector: number, { hsrr0, hsrr1, r2, cookie, inTransaction }: Returned): void {
  if (inTransaction) {
    programInterrupt(vcpu, TM_BAD_THING); // docs/reference/pef.md#ultracall-convention
    return;
  }
  if (hsrr0 === cookie) return;
  const valid = vector === MACHINE_CHECK ? hsrr0 === FWNMI_HANDLER : hsrr0 < HIGHEST_VECTOR && hsrr0 % VECTOR_ALIGNMENT === 0n;
  if (!valid) return;
  interruptSvm(vcpu, hsrr0, r2 & STATUS_BITS, hsrr1 & MSR.LE);
}

const PROGRAM = 0x700n;
/** SRR1 of a program interrupt: a TM bad thing. */
const TM_BAD_THING = 0x0020_0000n;

export const programInterrupt = (vcpu: Vcpu, reason: bigint): void => interruptSvm(vcpu, PROGRAM, reason, vcpu.regs.msr & MSR.LE);

/** Starts an interrupt handler of the SVM. */
export function interruptSvm(vcpu: Vcpu, vector: bigint, status: bigint, endian: bigint): void {
  vcpu.regs.srr0 = vcpu.regs.pc;
  vcpu.regs.srr1 = (vcpu.regs.msr & ~STATUS_BITS) | status;
  vcpu.regs.pc = vector;
  vcpu.regs.msr = MSR.SF | MSR.S | MSR.ME | endian;
}

/** Passes an interrupt of an SVM on to the hypervisor, which sees none of its general registers. */
export async function reflect(ctx: SvmContext, vector: number, sprs: Readonly<Record<string, bigint>> = {}): Promise<void> {
  const { vcpu } = ctx;
  vcpu.regs.spr = { ...vcpu.regs.spr, ...sprs };
  synthesize(vcpu, vector, await pass(ctx, vector, 0));
}
