import type { World } from '../sim/index.ts';
import type { HName } from './codes.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { Partition } from './partition.ts';
import type { Named, RegisterUses } from './registers.ts';
import type { Vcpu } from './vcpu.ts';

/** Who implements a hypercall: QEMU, or a KVM with the Protected Execution Facility. Without it: H_FUNCTION. */
export type Provider = 'qemu' | 'kvm-pef';

export interface HcallContext {
  readonly world: World;
  readonly hypervisor: Hypervisor;
  readonly partition: Partition;
  readonly vcpu: Vcpu;
  /** SRR1 says the caller runs with MSR[S]: an SVM, or the Ultravisor for one. */
  readonly fromSecure: boolean;
}

/** What a handler says. Outputs are named as in the record's `out`. */
export type HcallResult<O extends RegisterUses> =
  | { readonly r3: number; readonly out?: Named<O> }
  /** The call never returns; `how`: endless loop, blocked system call. */
  | { readonly never: string }
  /** QEMU dies of a signal inside the call. */
  | { readonly dies: string; readonly signal: string }
  /** The vCPU goes on in the guest at SRR0/SRR1 with this r3: control does not go back to the Ultravisor (H_SVM_INIT_ABORT). */
  | { readonly resumeGuest: number };

/** Declares a hypercall: everything that dispatch, trace, `svm-sim calls`, documentation and tests know of it. */
export interface Hcall<I extends RegisterUses = RegisterUses, O extends RegisterUses = RegisterUses> {
  readonly number: number;
  readonly name: string;
  readonly provider: Provider;
  /** Only with S in SRR1, as the Ultravisor and an SVM have it: all others get H_UNSUPPORTED. Default: every guest. */
  readonly caller?: 'secure';
  readonly source: string;
  /** One sentence: what it is for. */
  readonly about: string;
  readonly in: I;
  readonly out: O;
  /** Every code it gives, and when. H_SUCCESS need not be listed; H_PRIVILEGE is dispatch's. */
  readonly returns: Readonly<Partial<Record<HName, string>>>;
  handle(context: HcallContext, input: Named<I>): HcallResult<O> | Promise<HcallResult<O>>;
}

// The table holds calls of any registers; `hcall` checks each record against its own.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyHcall = Hcall<any, any>;

export const hcall = <const I extends RegisterUses, const O extends RegisterUses>(record: Hcall<I, O>): Hcall<I, O> => record;
