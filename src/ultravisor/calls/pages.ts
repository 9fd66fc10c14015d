import { gpaOf, PAGE_BYTES, r } from '../../hcall/index.ts';
import { U } from '../core/codes.ts';
import type { Svm } from '../core/svm.ts';
import { takeReturn } from '../hypervisor/world-switch.ts';
import { forget, pageIn, pageInval, pageOut } from '../memory/pages.ts';
import { dropSecurePage, releaseSlot, reserveSlot } from '../memory/secure-memory.ts';
import { ultracall, where } from './ultracall.ts';

const SOURCE = 'open-power/ultravisor core/uvcall.c, core/svm_host.c';
const SLOTS = 512n;

/** Frames with a record in a range. */
const framesIn = (svm: Svm, { gpa, bytes }: { readonly gpa: bigint; readonly bytes: bigint }): readonly bigint[] =>
  [...svm.frames.keys()].filter(gfn => gpaOf(gfn) >= gpa && gpaOf(gfn) < gpa + bytes);

export const UV_REGISTER_MEM_SLOT = ultracall({
  number: 0xf120,
  name: 'UV_REGISTER_MEM_SLOT',
  caller: 'hypervisor',
  source: SOURCE,
  about: 'Tells the Ultravisor of a memory slot of a VM that becomes secure.',
  in: { lpid: r(4, 'lpid'), start: r(5, 'gpa'), size: r(6, 'bytes'), flags: r(7, 'flags'), slotid: r(8, 'slotid') },
  out: {},
  returns: {
    U_PARAMETER:
      'start is not aligned, the slot wraps around or overlaps another, slotid is 512 or more, no memory, no SVM has this lpid; hardened also: the slot is there',
  },
  handle(uv, { lpid, start, size, slotid }) {
    const svm = uv.svm(lpid);
    // The published code does not test the lpid (a null dereference); nothing of it can be had here.
    const slot = BigInt.asUintN(16, slotid); // a u16 in the code
    if (!svm || slot >= SLOTS || start % BigInt(PAGE_BYTES) !== 0n || start + size >= 1n << 64n) return { r3: U.PARAMETER };
    for (const [id, other] of svm.slots) {
      if (BigInt(id) !== slot && start < other.gpa + other.bytes && other.gpa < start + size) return { r3: U.PARAMETER };
    }
    const before = svm.slots.get(Number(slot));
    if (before && uv.makes('slot-once')) {
      uv.check('slot-once', false, `slot ${slot} of lpid ${lpid} is registered again`, 'profile hardened');
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
  },
});

export const UV_UNREGISTER_MEM_SLOT = ultracall({
  number: 0xf124,
  name: 'UV_UNREGISTER_MEM_SLOT',
  caller: 'hypervisor',
  source: SOURCE,
  about: 'Takes a memory slot of an SVM away.',
  in: { lpid: r(4, 'lpid'), slotid: r(5, 'slotid') },
  out: {},
  returns: {},
  handle(uv, { lpid, slotid }) {
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
  },
});

export const UV_PAGE_IN = ultracall({
  number: 0xf128,
  name: 'UV_PAGE_IN',
  caller: 'hypervisor',
  source: SOURCE,
  about: 'Moves a page of normal memory into a frame of an SVM: copied, decrypted, or mapped as shared, by the state of the frame.',
  in: { lpid: r(4, 'lpid'), ra: r(5, 'ra'), gpa: r(6, 'gpa'), flags: r(7, 'flags'), order: r(8, 'log2 bytes') },
  out: {},
  returns: {
    U_P5: 'order is not 16',
    U_P2: 'ra is 0 or secure memory, or the frame is secure already',
    U_PARAMETER: 'no SVM has this lpid',
    U_STATE: 'the SVM has been aborted',
    U_P3: 'gpa lies in no memory slot, or the page is not what went out',
    U_RETRY: 'no secure memory is left',
  },
  handle: (uv, { lpid, ra, gpa, order }) => ({ r3: pageIn(uv, uv.svm(lpid), ra, gpa, order) }),
});

export const UV_PAGE_OUT = ultracall({
  number: 0xf12c,
  name: 'UV_PAGE_OUT',
  caller: 'hypervisor',
  source: SOURCE,
  about: 'Gives the hypervisor the ciphertext of a frame of an SVM.',
  in: { lpid: r(4, 'lpid'), ra: r(5, 'ra'), gpa: r(6, 'gpa'), flags: r(7, 'flags'), order: r(8, 'log2 bytes') },
  out: {},
  returns: {
    U_P5: 'order is not 16',
    U_P2: 'ra is 0 or secure memory',
    U_PARAMETER: [
      'no SVM has this lpid, or the frame is neither secure nor shared',
      where('pageOutShared', 'U_PARAMETER', 'the frame is shared'),
    ],
    U_P3: 'gpa lies in no memory slot',
    U_RETRY: 'the frame is just being unshared, or there is no key or memory',
  },
  handle: (uv, { lpid, ra, gpa, order }) => ({ r3: pageOut(uv, uv.svm(lpid), ra, gpa, order) }),
});

export const UV_PAGE_INVAL = ultracall({
  number: 0xf138,
  name: 'UV_PAGE_INVAL',
  caller: 'hypervisor',
  source: SOURCE,
  about: "Invalidates the mapping of a shared frame: the hypervisor's page behind it is about to move.",
  in: { lpid: r(4, 'lpid'), gpa: r(5, 'gpa'), order: r(6, 'log2 bytes') },
  out: {},
  returns: {
    U_P3: ['order is not 16', where('pageInvalBadGpa', 'U_P3', 'gpa lies in no memory slot')],
    U_PARAMETER: 'no SVM has this lpid',
    U_STATE: 'the SVM has been aborted',
    U_P2: ['the frame is not shared', where('pageInvalBadGpa', 'U_P2', 'gpa lies in no memory slot')],
  },
  handle: (uv, { lpid, gpa, order }) => ({ r3: pageInval(uv, uv.svm(lpid), gpa, order) }),
});

export const UV_SVM_TERMINATE = ultracall({
  number: 0xf13c,
  name: 'UV_SVM_TERMINATE',
  caller: 'hypervisor',
  source: SOURCE,
  about: 'The VM is gone: the Ultravisor gives its secure memory back and forgets it.',
  in: { lpid: r(4, 'lpid') },
  out: {},
  returns: { U_PARAMETER: where('terminateUnknown', 'U_PARAMETER', 'no SVM has this lpid') },
  handle(uv, { lpid }) {
    const svm = uv.svm(lpid);
    if (!svm) return { r3: uv.profile.terminateUnknown === 'U_PARAMETER' ? U.PARAMETER : U.SUCCESS };
    forget(uv, svm);
    return { r3: U.SUCCESS };
  },
});

export const UV_RETURN = ultracall({
  number: 0xf11c,
  name: 'UV_RETURN',
  caller: 'hypervisor',
  source: 'open-power/ultravisor core/hvcall.c; result of the hypercall in r0 (Linux arch/powerpc/kvm/book3s_hv_rmhandlers.S)',
  about: 'The hypervisor has handled an interrupt of an SVM and gives the processor back.',
  in: { result: r(0, 'H_* code'), synthesized: r(2, 'SRR1 status'), cookie: r(31, 'cookie') },
  out: {},
  returns: {},
  handle(uv, _input, vcpu) {
    takeReturn(uv, vcpu);
    return 'goes on elsewhere';
  },
});
