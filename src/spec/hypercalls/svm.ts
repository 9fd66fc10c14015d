import { hypercall } from '../hypercall.ts';
import { r } from '../registers.ts';

const SOURCE = 'Linux arch/powerpc/kvm/book3s_hv_uvmem.c, arch/powerpc/kvm/book3s_hv.c';

export const H_SVM_PAGE_IN = hypercall({
  number: 0xef00,
  name: 'H_SVM_PAGE_IN',
  provider: 'kvm-pef',
  caller: 'secure',
  counts: { in: 4, out: 1 },
  source: SOURCE,
  about: 'Moves a guest page into secure memory, or provides a normal page to share with the SVM.',
  in: { gpa: r(4, 'gpa'), flags: r(5, 'flags'), order: r(6, 'log2 bytes') },
  out: {},
  returns: {
    H_UNSUPPORTED: 'the caller is not secure, or H_SVM_INIT_START was not made',
    H_P3: 'order is not 16',
    H_P2: 'flags other than bit 0 (shared)',
    H_PARAMETER: 'the frame is outside of RAM or already in secure memory, a device holds on to it, or the Ultravisor refused it',
  },
});

export const H_SVM_PAGE_OUT = hypercall({
  number: 0xef04,
  name: 'H_SVM_PAGE_OUT',
  provider: 'kvm-pef',
  caller: 'secure',
  counts: { in: 4, out: 1 },
  source: SOURCE,
  about: 'Moves a guest page out of secure memory: the hypervisor gets ciphertext.',
  in: { gpa: r(4, 'gpa'), flags: r(5, 'flags'), order: r(6, 'log2 bytes') },
  out: {},
  returns: {
    H_UNSUPPORTED: 'the caller is not secure, or H_SVM_INIT_START was not made',
    H_P3: 'order is not 16',
    H_P2: 'flags are not 0',
    H_PARAMETER: 'the frame is outside of RAM, or the Ultravisor refused it',
  },
});

export const H_SVM_INIT_START = hypercall({
  number: 0xef08,
  name: 'H_SVM_INIT_START',
  provider: 'kvm-pef',
  caller: 'secure',
  counts: { in: 1, out: 1 },
  source: SOURCE,
  about: 'The Ultravisor begins to make the VM secure: the hypervisor registers its memory slots.',
  in: {},
  out: {},
  returns: {
    H_UNSUPPORTED: 'the caller is not secure, or the host has no secure memory',
    H_AUTHORITY: 'secure VMs are not enabled for this guest',
    H_PARAMETER: 'the Ultravisor refused a memory slot',
  },
});

export const H_SVM_INIT_DONE = hypercall({
  number: 0xef0c,
  name: 'H_SVM_INIT_DONE',
  provider: 'kvm-pef',
  caller: 'secure',
  counts: { in: 1, out: 1 },
  source: SOURCE,
  about: 'The Ultravisor has measured the VM: every frame that is left becomes secure, without its contents.',
  in: {},
  out: {},
  returns: {
    H_UNSUPPORTED: 'the caller is not secure, or H_SVM_INIT_START was not made',
    H_STATE: 'a page cannot be moved: a device holds on to it',
  },
});

export const H_SVM_INIT_ABORT = hypercall({
  number: 0xef14,
  name: 'H_SVM_INIT_ABORT',
  provider: 'kvm-pef',
  source: SOURCE,
  about: 'The Ultravisor gives up making the VM secure: the guest goes on as a normal VM behind its UV_ESM.',
  in: {},
  out: {},
  returns: {
    H_PARAMETER: 'always, to the guest: its attempt failed',
    H_UNSUPPORTED: 'H_SVM_INIT_START was not made',
    H_STATE: 'the VM is secure already',
  },
});
