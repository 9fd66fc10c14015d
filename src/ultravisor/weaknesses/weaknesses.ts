import type { CheckName } from '../core/checks.ts';
import type { FieldName } from '../core/profile-fields.ts';

/** Scenarios of the catalogue, below `fixtures/scenarios/`, without `.yaml`. */
interface Shown {
  /** The attack comes to its end: it breaks a standing invariant, stops the machine, or gets what it wants as the scenario expects. */
  readonly succeeds?: { readonly profile: 'published' | 'documented'; readonly in: readonly string[] };
  /** The same under `hardened`: it fails. */
  readonly fails?: readonly string[];
  /** The same in every profile: refused where the design closes it, not to be helped where nothing can. */
  readonly same?: readonly string[];
}

type State =
  | { readonly is: 'closed by design' }
  | { readonly is: 'closed in hardened'; readonly by: readonly (FieldName | CheckName)[] }
  | { readonly is: 'cannot be closed'; readonly because: string };

/** What somebody may try, and what comes of it. */
export interface Weakness {
  /** "threat 13" leads to the one with this number, in docs/reference/threats.md. */
  readonly number: number;
  readonly attempt: string;
  /** What stops it, or does not. */
  readonly answer: string;
  readonly state: State;
  /** What is left all the same. */
  readonly rest?: string;
  readonly shown: Shown;
}

const closed = { is: 'closed by design' } as const;
const hardenedBy = (...by: readonly (FieldName | CheckName)[]) => ({ is: 'closed in hardened', by }) as const;
const never = (because: string) => ({ is: 'cannot be closed', because }) as const;
const pair = (...names: readonly string[]): Shown => ({
  succeeds: { profile: 'published', in: names.map(name => `attacks/${name}.published`) },
  fails: names.map(name => `attacks/${name}.hardened`),
});
const same = (...names: readonly string[]): Shown => ({ same: names.map(name => (name.includes('/') ? name : `attacks/${name}`)) });

/** What docs/reference/threats.md is made from: what an attacker may try, each with the scenarios that show it. */
export const WEAKNESSES: readonly Weakness[] = [
  {
    number: 1,
    attempt: 'another kernel',
    answer: 'SHA-512 over the bytes in secure memory',
    state: closed,
    shown: same('01-other-kernel'),
  },
  {
    number: 2,
    attempt: 'change the kernel after its hash: UV_PAGE_IN while answering H_SVM_INIT_DONE',
    answer: 'nothing in the published code: a page is copied into any frame until the VM is secure',
    state: hardenedBy('page-in-requested'),
    shown: pair('02-page-in-after-measurement'),
  },
  {
    number: 3,
    attempt: 'code in the unmeasured rest of a page that is fetched',
    answer: 'nothing in the published code',
    state: hardenedBy('unmeasuredBytes'),
    shown: pair('03-code-behind-the-kernel'),
  },
  { number: 4, attempt: 'another initrd', answer: 'SHA-512 of all behind the blob', state: closed, shown: same('04-other-initrd') },
  {
    number: 5,
    attempt: 'another or a longer command line',
    answer: 'SHA-512 of bootargs without the NUL',
    state: closed,
    shown: same('05-longer-bootargs'),
  },
  {
    number: 6,
    attempt: 'another device tree',
    answer: 'only bootargs and the RTAS code are measured',
    state: hardenedBy('deviceTree'),
    rest: "values of listed properties, such as the size of memory, are the hypervisor's to say: the formats have no digest of them",
    shown: { ...pair('06-device-tree-property'), ...same('06-device-tree-value') },
  },
  { number: 7, attempt: 'other RTAS code', answer: 'SHA-512 of slof,rtas-size bytes', state: closed, shown: same('07-other-rtas') },
  {
    number: 8,
    attempt: "another ESM blob, made by the attacker for this machine's key",
    answer: "the VM boots the attacker's content; the owner's secrets are not in it",
    state: never('anyone may make a blob for a public key: a guest is known by the secret that it can read, not by its blob'),
    shown: same('08-blob-of-another-owner'),
  },
  {
    number: 9,
    attempt: 'edit the blob: other digests, other files, two files of it exchanged',
    answer: 'GCM under the symmetric key; but names of files are not authenticated',
    state: hardenedBy('digest-files'),
    rest: "needs the owner's digest of the files tree; without one the exchange is reported, and nothing else",
    shown: { ...pair('09-exchanged-files'), ...same('09-edited-blob', '09-edited-file') },
  },
  {
    number: 10,
    attempt: 'remove attachments, or the whole files tree',
    answer: 'nothing: attachments are optional; the guest gets an error for the file',
    state: hardenedBy('digest-files'),
    rest: "needs the owner's digest of the files tree",
    shown: pair('10-removed-files'),
  },
  {
    number: 11,
    attempt: 'an old version of the blob: a revoked recipient, an old kernel',
    answer: 'nothing: a blob has neither counter nor date',
    state: never('nothing in blob or TPM key tells an old blob from a new one; the owner must give the disk another passphrase'),
    shown: same('11-old-blob'),
  },
  {
    number: 12,
    attempt: 'run the blob on another machine',
    answer: 'a lockbox opens with the wrapping key of its recipient only',
    state: closed,
    rest: 'to revoke a recipient does not change the symmetric key: svm-sim esm rotate makes a new one',
    shown: same('codes/no-lockbox-for-this-host', 'good/two-hosts'),
  },
  {
    number: 13,
    attempt: 'record the traffic with the TPM, and learn the password later',
    answer: 'the key is encrypted under the password and nonces that are on the wire',
    state: hardenedBy('sessionSalted'),
    rest: 'the password itself passes the bus of the TPM at host boot; who taps that needs no recording',
    shown: pair('13-recorded-unwrap'),
  },
  {
    number: 14,
    attempt: "change or invent the TPM's answers",
    answer: 'HMAC of RSA_Decrypt under the password; the Name of the key',
    state: closed,
    shown: same('14-changed-response'),
  },
  { number: 15, attempt: 'another TPM key', answer: 'the Name that firmware handed over', state: closed, shown: same('15-other-key') },
  {
    number: 16,
    attempt: 'replay an answer of RSA_Decrypt',
    answer: 'a new nonce in each',
    state: closed,
    shown: same('16-replayed-response'),
  },
  {
    number: 17,
    attempt: 'drop, delay or fail H_TPM_COMM',
    answer: 'the transition fails, and the VM goes on as a normal one',
    state: never("denial of service: the way to the TPM is the hypervisor's"),
    shown: same('17-dropped-message'),
  },
  {
    number: 18,
    attempt: 'an answer of more than 4096 bytes, a bad cookie',
    answer: 'an assertion stops the machine',
    state: hardenedBy('assertions'),
    rest: 'the SVM still ends: denial of service by the hypervisor cannot be closed',
    shown: pair('18-bad-cookie', '18-oversized-answer'),
  },
  {
    number: 19,
    attempt: 'ask the TPM itself to decrypt the lockbox',
    answer: 'policy A wants the password',
    state: closed,
    shown: same('19-decrypt-without-password'),
  },
  {
    number: 20,
    attempt: 'give the wrapping key another password by branch B of its policy',
    answer: 'PCR 16 is zero, and software can reset it',
    state: hardenedBy('policyPcr', 'closePolicyB'),
    shown: pair('20-policy-b'),
  },
  {
    number: 21,
    attempt: 'reset the TPM, evict the key',
    answer: 'blobs for this host are useless then; a reset also re-opens branch B',
    state: never('the platform hierarchy and the reset line of the TPM are in the hands of who runs the machine'),
    shown: same('21-evicted-key', '21-reset-reopens-policy-b'),
  },
  {
    number: 22,
    attempt: 'guess the password',
    answer: '16 random bytes without zero; wrong guesses do not count (noDA), so nobody is locked out',
    state: closed,
    shown: same('22-guessed-password'),
  },
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
];
