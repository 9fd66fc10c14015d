import type { Vcpu } from '../../hcall/index.ts';

/** What the processor gives software that runs in the VM: the two system calls and memory at guest physical addresses. */
export interface Platform {
  /** `sc 1`: to the hypervisor, or to the Ultravisor first when MSR[S] is set. */
  hypercall(vcpu: Vcpu): Promise<void>;
  /** `sc 2` */
  ultracall(vcpu: Vcpu): Promise<void>;
  read(vcpu: Vcpu, gpa: bigint, length: number): Promise<Uint8Array>;
  write(vcpu: Vcpu, gpa: bigint, bytes: Uint8Array): Promise<void>;
}
