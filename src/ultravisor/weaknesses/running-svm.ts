import { closed, hardenedBy, never, pair, same, type Weakness } from './weakness.ts';

/** Memory, calls and interrupts of a Secure VM, and what it can do itself. */
export const RUNNING_SVM: readonly Weakness[] = [
  {
    number: 23,
    attempt: 'read memory of the SVM',
    answer: 'hardware; a page that goes out is AES-128-GCM ciphertext',
    state: closed,
    rest: 'which page is used when remains visible',
    shown: same('23-page-out-during-transition', 'good/page-out-and-back'),
  },
  {
    number: 24,
    attempt: 'change, move or replay a page that is out',
    answer: 'IV and tag of each frame stay with the Ultravisor',
    state: closed,
    shown: same('24-tampered-page', '24-old-page'),
  },
  {
    number: 25,
    attempt: 'false results of hypercalls, random numbers among them',
    answer: 'only the counted registers pass; H_RANDOM never reaches the hypervisor, but the published code has no source of its own',
    state: hardenedBy('random'),
    rest: 'values of all other results are not checked: the guest must distrust them',
    shown: { ...pair('25-random-numbers'), ...same('25-false-success') },
  },
  {
    number: 26,
    attempt: 'inject interrupts',
    answer: 'the vector lies below 0x2000 and is aligned, the MSR is made by the Ultravisor',
    state: closed,
    rest: "when an interrupt comes is the hypervisor's choice",
    shown: same('26-injected-interrupt'),
  },
  {
    number: 27,
    attempt: 'a firmware that was built to warn only',
    answer: 'nothing: every digest check can be passed',
    state: closed,
    rest: 'field digestMismatch is `refused` in every profile; with `logged` the scenario of threat 1 succeeds as an attack',
    shown: same('01-other-kernel'),
  },
  {
    number: 28,
    attempt: 'force a page upon an SVM, share what it did not ask for',
    answer: 'a secure frame takes nothing but its own ciphertext; sharing is for the SVM and the Ultravisor to ask',
    state: closed,
    shown: same('28-page-in-of-a-secure-page'),
  },
  {
    number: 29,
    attempt: 'change the RTAS area behind the SVM',
    answer: 'the SVM runs from its secure copy',
    state: closed,
    shown: same('29-rtas-area'),
  },
  {
    number: 30,
    attempt: 'let the guest believe that it is secure',
    answer: 'no attachment can be read without an Ultravisor',
    state: never("the guest itself cannot know; its owner must ask for proof through the disk's passphrase"),
    shown: same('30-not-secure'),
  },
  {
    number: 31,
    attempt: 'an SVM against the Ultravisor: an unknown hypercall, an offset of 64 KiB, a files tree that is too large',
    answer: 'assertions stop the machine, with all its guests',
    state: hardenedBy('assertions'),
    shown: pair('31-malicious-svm', '31-file-offset'),
  },
];
