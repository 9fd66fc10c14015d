import type { HName } from './hypercall-codes.ts';
import type { RegisterUses } from './registers.ts';

/** Who implements a hypercall: QEMU, or a KVM with the Protected Execution Facility. Without it: H_FUNCTION. */
export type Provider = 'qemu' | 'kvm-pef';

/** How many registers of a hypercall pass between an SVM and the hypervisor, r3 included. */
export interface RegisterCounts {
  /** Registers from r3 that the hypervisor sees. */
  readonly in: number;
  /** Registers from r3 that the SVM gets back. */
  readonly out: number;
}

/** What is fixed of a hypercall, whoever makes or answers it. */
export interface HypercallSignature<I extends RegisterUses = RegisterUses, O extends RegisterUses = RegisterUses> {
  readonly number: number;
  readonly name: string;
  readonly provider: Provider;
  /** Only with S in SRR1, as the Ultravisor and an SVM have it: all others get H_UNSUPPORTED. Default: every guest. */
  readonly caller?: 'secure';
  /** What the Ultravisor lets through of an SVM's call (open-power/ultravisor core/hcall-regs.c); none: the call is not in that table. */
  readonly counts?: RegisterCounts;
  readonly source: string;
  /** One sentence: what it is for. */
  readonly about: string;
  readonly in: I;
  readonly out: O;
  /** Every code it gives, and when. H_SUCCESS need not be listed; H_PRIVILEGE is dispatch's. */
  readonly returns: Readonly<Partial<Record<HName, string>>>;
}

export const hypercall = <const I extends RegisterUses, const O extends RegisterUses>(
  signature: HypercallSignature<I, O>,
): HypercallSignature<I, O> => signature;
