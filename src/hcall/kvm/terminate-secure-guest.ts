import { UV_SVM_TERMINATE } from '../../spec/index.ts';
import type { UltravisorPort } from '../hardware/interrupt-ports.ts';
import type { Partition } from './partition.ts';
import type { UltracallIssuer } from './secure-frames.ts';

/**
 * What KVM does when a VM ends or is reset: its frames are normal again, and the Ultravisor is told to forget it
 * (Linux arch/powerpc/kvm/book3s_hv.c kvmhv_svm_off, kvmppc_core_destroy_vm_hv).
 */
export async function terminateSecureGuest(
  hypervisor: UltracallIssuer & { readonly ultravisor: UltravisorPort | null },
  partition: Partition,
): Promise<void> {
  for (const gfn of [...partition.state.frames.keys()]) if (partition.gfnState(gfn) !== 'normal') partition.dropFrame(gfn);
  partition.state.gfnStates.clear();
  partition.state.untouched = 'normal';
  partition.state.secureGuest = 0;
  if (hypervisor.ultravisor) await hypervisor.ultracall(UV_SVM_TERMINATE, { lpid: partition.lpid });
}
