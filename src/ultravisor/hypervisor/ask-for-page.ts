import { gpaOf, PAGE_SHIFT } from '../../hcall/index.ts';
import { H, H_SVM_PAGE_IN } from '../../spec/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { hypercall } from './hypercall.ts';

const SHARED = 1;
const NONSHARED = 0;

/** H_SVM_PAGE_IN of one frame; true on H_SUCCESS. */
async function askForPage({ uv, svm, vcpu }: SvmContext, gfn: bigint, flags: number): Promise<boolean> {
  svm.requested = gfn;
  const { r3 } = await hypercall(uv, vcpu, H_SVM_PAGE_IN, { gpa: gpaOf(gfn), flags, order: PAGE_SHIFT });
  svm.requested = null;
  return r3 === H.SUCCESS;
}

/** The hypervisor is to bring what it holds of the frame. Whoever asks has made room for it in secure memory. */
export const askForContents = (ctx: SvmContext, gfn: bigint): Promise<boolean> => askForPage(ctx, gfn, NONSHARED);

/** The hypervisor is to give a page of its own behind the frame. */
export const askForSharedPage = (ctx: SvmContext, gfn: bigint): Promise<boolean> => askForPage(ctx, gfn, SHARED);
