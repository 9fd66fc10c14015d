import { gpaOf, H, PAGE_SHIFT, type Vcpu } from '../../hcall/index.ts';
import type { Svm } from '../core/svm.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { makeRoom } from './secure-memory.ts';

const H_SVM_PAGE_IN = 0xef00;

/** H_SVM_PAGE_IN of one frame; true on H_SUCCESS. */
export async function askForPage(uv: Ultravisor, svm: Svm, vcpu: Vcpu, gfn: bigint, flags: number): Promise<boolean> {
  if (flags === 0) await makeRoom(uv);
  svm.requested = gfn;
  const { r3 } = await uv.hypercall(vcpu, H_SVM_PAGE_IN, gpaOf(gfn), flags, PAGE_SHIFT);
  svm.requested = null;
  return r3 === H.SUCCESS;
}
