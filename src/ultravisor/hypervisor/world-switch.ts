import { Halt, MSR, SYSTEM_CALL, type Vcpu, type zeroRegisters } from '../../hcall/index.ts';
import type { Returned, Ultravisor } from '../core/ultravisor.ts';

const MACHINE_CHECK = 0x200;
/** SRR1 at a system call: its level, here 1 (open-power/ultravisor core/exceptions.c fixup_regs_for_hv_entry). */
const LEVEL_MASK = 0x0030_0000n;
const LEVEL_HYPERCALL = 0x0010_0000n;
/** Interrupts that set HSRR0 and HSRR1 (core/exceptions.c is_hv_interrupt; LPCR[LPES] is clear). */
const HYPERVISOR_INTERRUPTS: ReadonlySet<number> = new Set([0x500, 0x980, 0xe00, 0xe20, 0xe40, 0xe60, 0xe80, 0xea0, 0xf80, 0x1500]);

export const inTransaction = (vcpu: Vcpu): boolean => vcpu.has(MSR.TS_T) || vcpu.has(MSR.TS_S);

/**
 * Sets what the hypervisor finds in the machine state registers when it is entered for an SVM
 * (docs/reference/pef.md#registers-that-the-hypervisor-sees).
 */
export function enterHypervisor(frame: ReturnType<typeof zeroRegisters>, svmMsr: bigint, cookie: bigint, vector: number): void {
  frame.gpr[31] = cookie;
  frame.srr0 = cookie;
  frame.hsrr0 = cookie;
  frame.srr1 = svmMsr | MSR.S;
  if (vector === SYSTEM_CALL) frame.srr1 = (frame.srr1 & ~LEVEL_MASK) | LEVEL_HYPERCALL;
  frame.hsrr1 = frame.srr1;
  frame.msr = MSR.SF | MSR.HV | MSR.LE; // the hypervisor is little-endian
  if (vector !== MACHINE_CHECK) frame.msr |= MSR.ME;
  if (HYPERVISOR_INTERRUPTS.has(vector)) frame.msr |= MSR.RI;
  frame.msr |= svmMsr & (MSR.FP | MSR.VEC | MSR.VSX); // their registers are zero
  frame.pc = BigInt(vector);
}

/** Enters the hypervisor and waits for UV_RETURN with this cookie. */
export async function exchange(uv: Ultravisor, vcpu: Vcpu, vector: number, cookie: bigint): Promise<Returned> {
  const { lpidr } = vcpu.regs;
  uv.waiting.set(cookie, { lpid: lpidr, returned: null });
  await uv.world.scheduler.turn(); // between two worlds another processor may be faster
  await uv.hypervisor.interrupt(vcpu, vector);
  const returned = uv.waiting.get(cookie)?.returned;
  uv.waiting.delete(cookie);
  if (returned) return returned;
  uv.assertionFailed('the hypervisor did not come back with UV_RETURN');
  throw new Halt('guest', 'the hypervisor did not give the SVM its processor back');
}

/** Random, at most 32 bits, two low bits 0, at least 0x2000, used by no other call (docs/reference/pef.md#cookies). */
export function newCookie(uv: Ultravisor): bigint {
  for (;;) {
    const cookie = uv.random.word64() & 0xffff_fffcn;
    if (cookie >= 0x2000n && !uv.waiting.has(cookie)) return cookie;
  }
}

/** UV_RETURN: notes what came back for the call that waits under the cookie in r31. */
export function takeReturn(uv: Ultravisor, vcpu: Vcpu): void {
  const cookie = vcpu.get(31);
  const { gpr, hsrr0, hsrr1, lpidr, pidr } = vcpu.saved();
  const waiting = uv.waiting.get(cookie);
  // A record is found by LPIDR, the call among those of that record (core/uvcall.c uv_return).
  const known = uv.svm(lpidr) !== undefined && waiting?.lpid === lpidr && waiting.returned === null;
  const what = uv.svm(lpidr) ? 'no call of this SVM waits under this cookie' : `there is no SVM with lpid ${lpidr}`;
  if (!known && !uv.check('cookie', false, what, 'open-power/ultravisor core/uvcall.c uv_return, core/cookies.c')) {
    uv.assertionFailed(`UV_RETURN with a bad cookie: ${what}`);
    return;
  }
  const returned = { cookie, r0: gpr[0] ?? 0n, r2: gpr[2] ?? 0n, gpr, hsrr0, hsrr1, lpidr, pidr, inTransaction: inTransaction(vcpu) };
  uv.waiting.set(cookie, { lpid: lpidr, returned });
}
