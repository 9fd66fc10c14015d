import type { Named, RegisterUses } from '../../spec/index.ts';
import type { Vcpu } from '../hardware/vcpu.ts';
import type { NormalMemory } from '../kvm/normal-memory.ts';
import type { AnyHcall, HcallResult } from './hcall.ts';

/** A hypercall on its way to its handler. */
export interface InterceptedHypercall {
  readonly lpid: number;
  /** The guest's. */
  readonly memory: NormalMemory;
  readonly vcpu: Vcpu;
  readonly number: bigint;
  readonly call: AnyHcall | null;
  readonly args: Named<RegisterUses>;
}

/** What a hostile hypervisor does in the place of the honest one. It gets registers and normal memory, nothing else. */
export interface Interceptor {
  /** A hypercall arrived. `honest` handles it with the arguments given, as often as it is called. */
  hypercall(
    call: InterceptedHypercall,
    honest: (args: Named<RegisterUses>) => Promise<HcallResult<RegisterUses>>,
  ): Promise<HcallResult<RegisterUses>>;
  /** The hypervisor is about to make an ultracall: number in r3, arguments from r4. `honest` makes it with those given. */
  ultracall(
    number: number,
    args: readonly bigint[],
    honest: (args: readonly bigint[]) => Promise<readonly bigint[]>,
  ): Promise<readonly bigint[]>;
  /** The registers are ready for UV_RETURN. */
  beforeReturn(vcpu: Vcpu): Promise<void>;
}
