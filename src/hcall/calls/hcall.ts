import type { Random, World } from '../../sim/index.ts';
import type { HypercallSignature, Named, RegisterUses } from '../../spec/index.ts';
import type { SpaprTpmProxy } from '../devices/spapr-tpm-proxy.ts';
import type { VioBus } from '../devices/vio-bus.ts';
import type { RealMemory } from '../hardware/memory.ts';
import type { Vcpu } from '../hardware/vcpu.ts';
import type { Partition } from '../kvm/partition.ts';
import type { UltracallIssuer } from '../kvm/secure-frames.ts';

/** What handlers need of the hypervisor. */
export interface HypervisorServices extends UltracallIssuer {
  readonly host: string;
  readonly random: Random;
  readonly memory: RealMemory;
  /** By lpid. */
  readonly proxies: ReadonlyMap<number, SpaprTpmProxy>;
  /** By lpid. */
  readonly vio: ReadonlyMap<number, VioBus>;
  guestWaits(partition: Partition): Promise<void>;
  endGuest(partition: Partition): Promise<void>;
}

export interface HcallContext {
  readonly world: World;
  readonly hypervisor: HypervisorServices;
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

/** A hypercall with what the machine does at it: everything that dispatch, trace, `svm-sim calls`, documentation and tests know of it. */
export interface Hcall<I extends RegisterUses = RegisterUses, O extends RegisterUses = RegisterUses> extends HypercallSignature<I, O> {
  handle(context: HcallContext, input: Named<I>): HcallResult<O> | Promise<HcallResult<O>>;
}

// The table holds calls of any registers; `hcall` checks each handler against its own signature.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyHcall = Hcall<any, any>;

export const hcall = <I extends RegisterUses, O extends RegisterUses>(
  signature: HypercallSignature<I, O>,
  handle: Hcall<I, O>['handle'],
): Hcall<I, O> => ({ ...signature, handle });
