import { hardenedBy, pair, type Weakness } from './weakness.ts';

/** Found beyond the table of the reference. */
export const BEYOND_THE_REFERENCE: readonly Weakness[] = [
  {
    number: 32,
    attempt: 'read an attachment from a VM whose transition has failed, while the hypervisor keeps its record',
    answer: 'nothing in the published code: UV_ESMB_GET_FILE asks for a record of the lpid, and not whether the VM is secure',
    state: hardenedBy('get-file-secure'),
    shown: pair('32-file-of-an-aborted-svm'),
  },
  {
    number: 33,
    attempt: 'lose the session of host boot: reset the TPM, drop its saved context',
    answer: 'in `documented` no guest becomes secure until the host boots again',
    state: hardenedBy('session'),
    shown: {
      succeeds: { profile: 'documented', in: ['faults/session-lost-documented'] },
      fails: ['attacks/33-no-session-to-lose.hardened'],
    },
  },
  {
    number: 34,
    attempt: 'leave the session of host boot idle while others save 65 535 contexts',
    answer:
      'the TPM saves no session of others (TPM_RC_CONTEXT_GAP) until the idle one is loaded again: at the next unwrap, or when an SVM has ' +
      'nothing to do and the context is old',
    state: hardenedBy('session'),
    rest: 'a host without a running SVM has nobody to refresh the session of `documented`',
    shown: {
      succeeds: { profile: 'documented', in: ['attacks/34-idle-session.documented'] },
      fails: ['attacks/34-idle-session.hardened'],
      same: ['good/session-refreshed-in-time'],
    },
  },
  {
    number: 35,
    attempt: "register a memory slot of a secure VM again: UV_REGISTER_MEM_SLOT, or H_SVM_INIT_START from a VM's own kernel",
    answer: 'nothing in the published code: the slot gets new pages, and all memory of the SVM reads as zeros',
    state: hardenedBy('slot-once'),
    shown: pair('35-slot-again'),
  },
  {
    number: 36,
    attempt: "refuse to share the TPM's bounce page",
    answer: 'the published code does not look at the answer: it asks ten times when it wants the page, then ends the guest',
    state: hardenedBy('bounce-page'),
    shown: pair('36-unshared-bounce-page'),
  },
  {
    number: 37,
    attempt:
      "have the Ultravisor's own pages lie on kernel, initrd or blob: say that memory ends there, leave it out of the reservation map",
    answer: 'nothing in the published code: the search looks at the map only, and the pages lose what they hold or are shared',
    state: hardenedBy('ownPages', 'own-pages'),
    shown: pair('37-pages-on-the-kernel'),
  },
  {
    number: 38,
    attempt: 'shorten the GCM tag of the digests or of an attachment, and forge it',
    answer: 'the published code takes tags of 4 to 16 bytes: a forgery comes out right once in 2^32 tries',
    state: hardenedBy('tag-length'),
    shown: pair('38-short-tag'),
  },
];
