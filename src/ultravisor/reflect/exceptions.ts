import { gfnOf, MSR, type Vcpu } from '../../hcall/index.ts';
import { inSlot, stateOf } from '../core/svm.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { interruptSvm, programInterrupt, reflect } from '../hypervisor/interrupts.ts';
import { killSvm } from '../hypervisor/kill-svm.ts';
import { bringBack } from '../memory/secure-memory.ts';

const EXTERNAL = 0x500;
const DATA_STORAGE = 0xe00;
const INSTRUCTION_STORAGE = 0xe20;
const EMULATION_ASSISTANCE = 0xe40;
const FACILITY_UNAVAILABLE = 0xf80;
/** System reset, machine check, hypervisor decrementer, maintenance, doorbell, virtualization. */
const REFLECTED: ReadonlySet<number> = new Set([0x100, 0x200, 0x980, 0xe60, 0xe80, 0xea0]);
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
  const ctx = { uv, svm, vcpu };
  if (REFLECTED.has(vector)) return reflect(ctx, vector, sprs);
  switch (vector) {
    case EXTERNAL:
      return interruptSvm(vcpu, BigInt(EXTERNAL), 0n, vcpu.regs.msr & MSR.LE); // straight back
    case DATA_STORAGE:
    case INSTRUCTION_STORAGE:
      return storageInterrupt(ctx, vector, sprs);
    case EMULATION_ASSISTANCE:
      return killSvm(ctx, 'an emulation assistance interrupt: the SVM ran what is no instruction');
    case FACILITY_UNAVAILABLE:
      if ((sprs.HFSCR ?? 0n) >> CAUSE_SHIFT === CAUSE_TM) return programInterrupt(vcpu, ILLEGAL);
      return reflect(ctx, vector, sprs);
    default:
      uv.note(`unexpected exception 0x${vector.toString(16)}: back to the SVM`, svm.lpid);
  }
}

/** By the state of the frame; whatever is not handled goes back to the SVM, which tries again (core/svm_host.c svm_e00_handle, svm_e20_handle). */
async function storageInterrupt(ctx: SvmContext, vector: number, sprs: Readonly<Record<string, bigint>>): Promise<void> {
  const { svm } = ctx;
  const gpa = sprs.ASDR ?? 0n;
  if (!inSlot(svm, gpa)) return reflect(ctx, vector, sprs); // MMIO
  const state = stateOf(svm, gfnOf(gpa));
  if (state === 'PAGEDOUT') {
    await bringBack(ctx, gfnOf(gpa));
    return;
  }
  if (vector !== DATA_STORAGE) return;
  if (state === 'SHARED_INV') return reflect(ctx, vector, sprs);
  if (state === 'SHARED_IMPLICIT' || state === 'SHARED_IMPLICIT_INV')
    return killSvm(ctx, `the SVM touched the Ultravisor's bounce page at 0x${gpa.toString(16)}`);
}
