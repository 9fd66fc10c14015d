import { u64 } from '../../spec/index.ts';

/** Bits of the MSR. The architecture counts bit 0 as the most significant of 64 (Power ISA 3.1 Book III §4.2.1). */
const ibmBit = (bit: number): bigint => 1n << BigInt(63 - bit);
export const MSR = {
  SF: ibmBit(0),
  HV: ibmBit(3),
  /** Transactional memory: a transaction runs. */
  TS_T: ibmBit(29),
  /** Transactional memory: a transaction is suspended. */
  TS_S: ibmBit(30),
  VEC: ibmBit(38),
  VSX: ibmBit(40),
  S: ibmBit(41),
  EE: ibmBit(48),
  PR: ibmBit(49),
  FP: ibmBit(50),
  ME: ibmBit(51),
  IR: ibmBit(58),
  DR: ibmBit(59),
  RI: ibmBit(62),
  LE: ibmBit(63),
} as const;

export interface Registers {
  /** r0..r31 */
  gpr: bigint[];
  cr: bigint;
  lr: bigint;
  ctr: bigint;
  xer: bigint;
  msr: bigint;
  pc: bigint;
  srr0: bigint;
  srr1: bigint;
  hsrr0: bigint;
  hsrr1: bigint;
  lpidr: bigint;
  pidr: bigint;
  /** Further special purpose registers by their names (DEC, PPR, ASDR, ...); one that is absent is 0. */
  spr: Readonly<Record<string, bigint>>;
}

const NONE = [0n, 0n, 0n, 0n, 0n, 0n] as const;

export function zeroRegisters(): Registers {
  const gpr = new Array<bigint>(32).fill(0n);
  const [cr, lr, ctr, xer, msr, pc] = NONE;
  const [srr0, srr1, hsrr0, hsrr1, lpidr, pidr] = NONE;
  return { gpr, cr, lr, ctr, xer, msr, pc, srr0, srr1, hsrr0, hsrr1, lpidr, pidr, spr: {} };
}

/** A virtual processor: its registers are all that crosses the boundary between guest, hypervisor and Ultravisor. */
export class Vcpu {
  readonly id: number;
  regs: Registers;

  constructor(id: number, lpid: number) {
    this.id = id;
    this.regs = zeroRegisters();
    this.regs.msr = MSR.SF | MSR.ME | MSR.LE | MSR.RI;
    this.regs.lpidr = BigInt(lpid);
  }

  /** r<n> */
  get(n: number): bigint {
    return this.regs.gpr[n] ?? 0n;
  }

  set(n: number, value: bigint | number): void {
    this.regs.gpr[n] = u64(value);
  }

  has(msrBit: bigint): boolean {
    return (this.regs.msr & msrBit) !== 0n;
  }

  saved(): Registers {
    return { ...this.regs, gpr: [...this.regs.gpr] };
  }

  load(regs: Registers): void {
    this.regs = { ...regs, gpr: [...regs.gpr] };
  }
}
