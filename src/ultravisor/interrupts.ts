import { MSR, type Registers, type Vcpu, zeroRegisters } from '../hcall/index.ts';
import { killSvm } from './abort.ts';
import { sprsFor } from './masked-sprs.ts';
import type { Svm } from './svm.ts';
import type { Returned, Ultravisor } from './ultravisor.ts';

/** Status bits of SRR1 that a synthesized interrupt may set (pef.md b.5.12). */
const STATUS_BITS = 0x783f_0000n;
const HIGHEST_VECTOR = 0x2000n;
const VECTOR_ALIGNMENT = 32n;

/** Enters the hypervisor for an SVM; afterwards all registers are the SVM's again. */
export async function pass(uv: Ultravisor, svm: Svm, vcpu: Vcpu, vector: number, registersIn: number, decShown = false): Promise<Returned> {
  const saved = vcpu.saved();
  const cookie = uv.newCookie();
  vcpu.load(frameFor(uv, saved, vector, registersIn, cookie, decShown));
  const returned = await uv.exchange(vcpu, vector, cookie);
  vcpu.load(saved);
  if (returned.lpidr !== saved.lpidr || returned.pidr !== saved.pidr) await killSvm(uv, svm, vcpu, 'the hypervisor changed LPIDR or PIDR');
  return returned;
}

/** What the hypervisor finds: the counted registers, one random value in the first other one, zero in all the rest. */
function frameFor(uv: Ultravisor, svm: Registers, vector: number, registersIn: number, cookie: bigint, decShown: boolean): Registers {
  const frame = zeroRegisters();
  Object.assign(frame, { lpidr: svm.lpidr, pidr: svm.pidr, spr: sprsFor(svm.spr, vector, decShown) });
  const [noise = 0n] = new BigUint64Array(uv.random.bytes(8).buffer);
  frame.gpr[0] = noise; // the published generator yields one value, then zeros
  for (let n = 3; n < 3 + registersIn; n++) frame.gpr[n] = svm.gpr[n] ?? 0n;
  uv.enterHypervisor(frame, svm.msr, cookie, vector);
  return frame;
}

/** HSRR0 that is no longer the cookie asks for an interrupt in the SVM, if it is a vector (pef.md b.5.12). */
export function synthesize(vcpu: Vcpu, { hsrr0, hsrr1, r2, cookie }: Returned): void {
  if (hsrr0 === cookie || hsrr0 >= HIGHEST_VECTOR || hsrr0 % VECTOR_ALIGNMENT !== 0n) return;
  interruptSvm(vcpu, hsrr0, r2 & STATUS_BITS, hsrr1 & MSR.LE);
}

/** Starts an interrupt handler of the SVM. */
function interruptSvm(vcpu: Vcpu, vector: bigint, status: bigint, endian: bigint): void {
  vcpu.regs.srr0 = vcpu.regs.pc;
  vcpu.regs.srr1 = (vcpu.regs.msr & ~STATUS_BITS) | status;
  vcpu.regs.pc = vector;
  vcpu.regs.msr = MSR.SF | MSR.S | MSR.ME | endian;
}

const EXTERNAL = 0x500;
const EMULATION_ASSISTANCE = 0xe40;
const FACILITY_UNAVAILABLE = 0xf80;
const PROGRAM = 0x700n;
/** SRR1 of a program interrupt: illegal instruction. */
const ILLEGAL = 0x0008_0000n;
/** HFSCR interrupt cause: transactional memory. */
const CAUSE_TM = 5n;
const CAUSE_SHIFT = 56n;

/** An interrupt of the processor while an SVM runs, other than a system call (open-power/ultravisor core/exceptions.c exception_entry). */
export async function reflectInterrupt(
  uv: Ultravisor,
  vcpu: Vcpu,
  vector: number,
  sprs: Readonly<Record<string, bigint>> = {},
): Promise<void> {
  const svm = uv.svm(vcpu.regs.lpidr);
  if (!svm) throw new RangeError(`an interrupt of an SVM with lpid ${vcpu.regs.lpidr}, which there is not`);
  vcpu.regs.spr = { ...vcpu.regs.spr, ...sprs };
  switch (vector) {
    case EXTERNAL:
      interruptSvm(vcpu, BigInt(EXTERNAL), 0n, vcpu.regs.msr & MSR.LE); // straight back
      return;
    case EMULATION_ASSISTANCE:
      return killSvm(uv, svm, vcpu, 'an emulation assistance interrupt: the SVM ran what is no instruction');
    case FACILITY_UNAVAILABLE:
      if ((vcpu.regs.spr.HFSCR ?? 0n) >> CAUSE_SHIFT === CAUSE_TM) {
        interruptSvm(vcpu, PROGRAM, ILLEGAL, vcpu.regs.msr & MSR.LE);
        return;
      }
  }
  synthesize(vcpu, await pass(uv, svm, vcpu, vector, 0));
}
