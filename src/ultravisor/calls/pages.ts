import { gpaOf, PAGE_BYTES } from '../../hcall/index.ts';
import * as spec from '../../spec/index.ts';
import { U } from '../../spec/index.ts';
import type { Svm } from '../core/svm.ts';
import { takeReturn } from '../hypervisor/world-switch.ts';
import { forget, pageIn, pageInval, pageOut } from '../memory/pages.ts';
import { dropSecurePage, releaseSlot, reserveSlot } from '../memory/secure-memory.ts';
import { ultracall } from './ultracall.ts';

const SLOTS = 512n;

/** Frames with a record in a range. */
const framesIn = (svm: Svm, { gpa, bytes }: { readonly gpa: bigint; readonly bytes: bigint }): readonly bigint[] =>
  [...svm.frames.keys()].filter(gfn => gpaOf(gfn) >= gpa && gpaOf(gfn) < gpa + bytes);

export const UV_REGISTER_MEM_SLOT = ultracall(spec.UV_REGISTER_MEM_SLOT, (uv, { lpid, start, size, slotid }) => {
  const svm = uv.svm(lpid);
  // The published code does not test the lpid (a null dereference); nothing of it can be had here.
  const slot = BigInt.asUintN(16, slotid); // a u16 in the code
  if (!svm || slot >= SLOTS || start % BigInt(PAGE_BYTES) !== 0n || start + size >= 1n << 64n) return { r3: U.PARAMETER };
  for (const [id, other] of svm.slots) {
    if (BigInt(id) !== slot && start < other.gpa + other.bytes && other.gpa < start + size) return { r3: U.PARAMETER };
  }
  const before = svm.slots.get(Number(slot));
  if (before && uv.makes('slot-once')) {
    uv.check('slot-once', false, `slot ${slot} of lpid ${lpid} is registered again`, 'docs/profiles.md#fields');
    return { r3: U.PARAMETER };
  }
  if (!reserveSlot(uv, size)) return { r3: U.PARAMETER };
  if (before) {
    // The same id again passes for no overlap, and the slot gets new pages: all that was in it reads as zeros.
    releaseSlot(uv, before.bytes);
    for (const gfn of framesIn(svm, { gpa: start, bytes: size })) dropSecurePage(uv, svm, gfn);
  }
  svm.slots.set(Number(slot), { gpa: start, bytes: size });
  return { r3: U.SUCCESS };
});

export const UV_UNREGISTER_MEM_SLOT = ultracall(spec.UV_UNREGISTER_MEM_SLOT, (uv, { lpid, slotid }) => {
  const svm = uv.svm(lpid);
  const slot = svm?.slots.get(Number(BigInt.asUintN(16, slotid)));
  if (svm && slot) {
    for (const gfn of framesIn(svm, slot)) {
      dropSecurePage(uv, svm, gfn);
      svm.frames.delete(gfn);
    }
    releaseSlot(uv, slot.bytes);
    svm.slots.delete(Number(BigInt.asUintN(16, slotid)));
  }
  return { r3: U.SUCCESS }; // nothing is checked
});

export const UV_PAGE_IN = ultracall(spec.UV_PAGE_IN, (uv, { lpid, ra, gpa, order }) => ({ r3: pageIn(uv, uv.svm(lpid), ra, gpa, order) }));

export const UV_PAGE_OUT = ultracall(spec.UV_PAGE_OUT, (uv, { lpid, ra, gpa, order }) => ({
  r3: pageOut(uv, uv.svm(lpid), ra, gpa, order),
}));

export const UV_PAGE_INVAL = ultracall(spec.UV_PAGE_INVAL, (uv, { lpid, gpa, order }) => ({ r3: pageInval(uv, uv.svm(lpid), gpa, order) }));

export const UV_SVM_TERMINATE = ultracall(spec.UV_SVM_TERMINATE, (uv, { lpid }) => {
  const svm = uv.svm(lpid);
  if (!svm) return { r3: uv.profile.terminateUnknown === 'U_PARAMETER' ? U.PARAMETER : U.SUCCESS };
  forget(uv, svm);
  return { r3: U.SUCCESS };
});

export const UV_RETURN = ultracall(spec.UV_RETURN, (uv, _input, vcpu) => {
  takeReturn(uv, vcpu);
  return 'goes on elsewhere';
});
