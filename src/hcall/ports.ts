import type { Vcpu } from './vcpu.ts';

/** What the hypervisor needs of whoever answers `sc 2`: number and arguments in r3.., results in r3.., as on the machine. */
export interface UltravisorPort {
  ultracall(vcpu: Vcpu): Promise<void>;
}

/** What the Ultravisor needs of the hypervisor: an interrupt that it passes on, the registers as it wants them seen. */
export interface HypervisorPort {
  interrupt(vcpu: Vcpu, vector: number): Promise<void>;
}

/** Ultracall numbers that the hypervisor itself issues or must know (Linux arch/powerpc/include/asm/ultravisor-api.h). */
export const UV = {
  WRITE_PATE: 0xf104,
  RETURN: 0xf11c,
  REGISTER_MEM_SLOT: 0xf120,
  UNREGISTER_MEM_SLOT: 0xf124,
  PAGE_IN: 0xf128,
  PAGE_OUT: 0xf12c,
  PAGE_INVAL: 0xf138,
  SVM_TERMINATE: 0xf13c,
} as const;

/** Vector of the hypercall and ultracall interrupt (system call). */
export const SYSTEM_CALL = 0xc00;
