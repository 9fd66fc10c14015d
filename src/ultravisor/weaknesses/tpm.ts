import { closed, hardenedBy, never, pair, same, type Weakness } from './weakness.ts';

/** The way to the TPM, its key and its password. */
export const TPM: readonly Weakness[] = [
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
];
