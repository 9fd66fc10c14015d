import { r } from '../registers.ts';
import { ultracall, where } from '../ultracall.ts';

const SOURCE = 'open-power/ultravisor core/uvcall.c, core/svm_host.c';

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
});
