import type { Vcpu } from './vcpu.ts';

/** What the hypervisor needs of whoever answers `sc 2`: number and arguments in r3.., results in r3.., as on the machine. */
export interface UltravisorPort {
  ultracall(vcpu: Vcpu): Promise<void>;
}

/** What the Ultravisor needs of the hypervisor: an interrupt that it passes on, the registers as it wants them seen. */
export interface HypervisorPort {
  interrupt(vcpu: Vcpu, vector: number): Promise<void>;
}

/** Vector of the hypercall and ultracall interrupt (system call). */
export const SYSTEM_CALL = 0xc00;
