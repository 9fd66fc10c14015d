import { Halt, MSR, SYSTEM_CALL, type Vcpu, zeroRegisters } from '../../hcall/index.ts';
import { type CallInput, type CallRegisters, callResults, loadCall, type Named, type RegisterUses } from '../../spec/index.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { sprsFor } from './masked-sprs.ts';
import { enterHypervisor, exchange, newCookie } from './world-switch.ts';

/**
 * A hypercall of the Ultravisor's own, in the name of the SVM on this vCPU (docs/reference/pef.md#the-ultravisors-own-hypercalls): zeroed
 * registers but for number, arguments and cookie. Result: r3 as a signed number of 32 bits, outputs by their names.
 */
export async function hypercall<I extends RegisterUses, O extends RegisterUses>(
  uv: Ultravisor,
  vcpu: Vcpu,
  call: CallRegisters<I, O>,
  input: CallInput<I>,
): Promise<{ readonly r3: number; readonly out: Named<O> }> {
  const saved = vcpu.saved();
  const frame = zeroRegisters();
  const cookie = newCookie(uv);
  Object.assign(frame, { lpidr: saved.lpidr, pidr: saved.pidr });
  // Always S: KVM takes H_SVM_* only from a secure caller, and the VM's own MSR has no S before the commit.
  // Never PR: the call is the Ultravisor's, also where it brings in a page that user space touched.
  enterHypervisor(frame, saved.msr & ~MSR.PR, cookie, SYSTEM_CALL);
  frame.spr = sprsFor(saved.spr, SYSTEM_CALL, false);
  vcpu.load(frame);
  loadCall(vcpu, call, input);
  const { r0, inTransaction } = await exchange(uv, vcpu, SYSTEM_CALL, cookie);
  const { out } = callResults(vcpu, call);
  vcpu.load(saved);
  // The SVM would go on in its handler for program interrupts, and the Ultravisor's own call never comes to an end.
  if (inTransaction) throw new Halt('guest', 'the hypervisor came back in a transaction');
  return { r3: Number(BigInt.asIntN(32, r0)), out };
}
