import type { Lesson, LessonRun } from '../lesson.ts';
import { all, becameSecure, command, field, fieldText, first, head, knowers, leaks, list, response, secret, yesNo } from '../run-facts.ts';
import { BOOT, ENTER, RECORDED, START } from './building-blocks.ts';

const KEY = 'session key of host';
const salted = (run: LessonRun) =>
  all(run, 'tpm.command', ({ name }) => name === 'TPM2_StartAuthSession').find(one => (field(one, 'encryptedSalt')?.length ?? 0) > 2);
const handedOver = (run: LessonRun) => first(run, 'state', ({ of, to }) => of === 'host' && to === 'running');
const answer = (run: LessonRun) => response(run, command(run, 'TPM2_RSA_Decrypt', 'ultravisor'));
const RECORDING = { at: 'hypercall', call: 'H_SVM_INIT_DONE', do: 'open-recording' };

export const session: Lesson = {
  name: 'session',
  title: 'Why the session key is made at host boot',
  line: 'the answer of the TPM passes through hostile hands: it must be encrypted',
  intro: [
    'The Ultravisor has no wire to the TPM. The only way leads through the hypervisor: a hypercall, QEMU, the Linux driver. On the way back the answer holds the symmetric key. If it were sent as it is, everything would be lost.',
    'TPM and Ultravisor therefore share a *session key*. It encrypts the answer and makes its *HMAC*, a checksum that only who has the key can make.',
    'How can two parties agree on a key when the enemy carries every letter? One sends the other a random *salt*, encrypted with a public key of the receiver. But which public key? If the hypervisor brings it, it may bring its own. So the session is made early, *at host boot*, when the firmware talks to the TPM directly and no hypervisor runs yet.',
  ],
  scenario: { ...RECORDED, steps: [BOOT, START, ENTER] },
  stops: [
    {
      title: 'A salted session',
      at: salted,
      text: (_, event) => [
        `\`TPM2_StartAuthSession\` with a salt, ${(field(event, 'encryptedSalt')?.length ?? 2) - 2} bytes, encrypted to the key \`${fieldText(event, 'tpmKey')}\`. That is the parent: a restricted key. The wrapping key would be a bad choice: it decrypts for whoever may use it, so it could be made to decrypt the salt.`,
        `It also says how answers shall be encrypted: \`${fieldText(event, 'symmetric.algorithm')}\`, mode \`${fieldText(event, 'symmetric.mode')}\`.`,
      ],
    },
    {
      title: 'The session key',
      at: run => first(run, 'secret', ({ name }) => name.startsWith(KEY)),
      text: run => [
        `Both sides compute it from the salt and two nonces: ${secret(run, KEY)?.bytes.length} bytes, known by ${list(knowers(run, KEY))}.`,
      ],
    },
    {
      title: 'Put away',
      at: run => response(run, command(run, 'TPM2_ContextSave')),
      text: (_, event) => [
        `A TPM has room for three sessions. \`TPM2_ContextSave\` puts this one away: ${field(event, 'contextBlob')?.length} bytes, encrypted by the TPM for itself. Firmware gives them, and the session key, to the Ultravisor in secure memory.`,
      ],
    },
    {
      title: 'Only now the hypervisor starts',
      at: handedOver,
      text: ['Everything so far had the mark `○`: bytes that the hypervisor does not see. It was not even running.'],
    },
    {
      title: 'The session comes back',
      at: run => command(run, 'TPM2_ContextLoad', 'ultravisor'),
      text: [
        'A guest asks to become secure. The Ultravisor sends the saved session to the TPM, now with the mark `●`: through the hypervisor. It sees bytes that only the TPM can read.',
      ],
    },
    {
      title: 'The answer',
      at: answer,
      text: (_, event) => [
        `The parameter \`message\` holds the symmetric key, encrypted: \`${head(field(event, 'message')?.subarray(2))}\`. Behind it stand the nonce of the TPM and the HMAC.`,
        'The hypervisor sees all of these bytes. The salt it never saw in a form that it can read; without salt no session key, without session key no symmetric key.',
      ],
    },
  ],
  questions: [
    {
      ask: 'Was the hypervisor running when the salted session was made?',
      answer: run =>
        yesNo(
          (salted(run)?.seq ?? 0) > (handedOver(run)?.seq ?? 0),
          `The session was made at #${salted(run)?.seq}; the hypervisor starts at #${handedOver(run)?.seq}.`,
        ),
    },
    {
      ask: 'To which key is the salt encrypted? (a handle)',
      answer: run => ({
        right: fieldText(salted(run), 'tpmKey') ?? '',
        wrong: ['0x81800001', '0x80000000', '0x40000007'],
        why: 'It is in the command, as tpmKey: the restricted parent. 0x81800001 is the wrapping key, 0x40000007 means "no key".',
      }),
    },
    {
      ask: 'Who knows the session key?',
      answer: run => ({
        right: list(knowers(run, KEY)),
        wrong: ['ultravisor and hypervisor', 'owner and tpm', 'hypervisor, tpmrm and tpm'],
        why: 'Firmware made the salt, the TPM decrypted it, the Ultravisor was given the result.',
      }),
    },
    {
      about: 'recording-published',
      ask: 'Published firmware makes its session without a salt. The hypervisor recorded the unwrap and learns the password later. Can it open the recording?',
      answer: run =>
        yesNo(
          leaks(run).length > 0,
          `Leaked: ${list(leaks(run), 'nothing')}. Without a salt, password and two nonces are all that the key is made of, and the nonces are in the recording.`,
        ),
    },
  ],
  changes: [
    {
      name: 'recording-published',
      title: 'Published firmware, and a hypervisor that recorded everything and learns the password later',
      think: 'The session has no salt there. What is the session key made of then?',
      over: { adversary: [RECORDING] },
      profile: 'published',
      follows: changed => [`What the hypervisor could open: ${list(leaks(changed), 'nothing')}.`],
    },
    {
      name: 'recording-documented',
      title: 'The same recording with the salted session of this lesson',
      think: 'The password is known, the nonces are known. What is still missing?',
      over: { adversary: [RECORDING] },
      follows: changed => [
        `What the hypervisor could open: ${list(leaks(changed), 'nothing')}. The salt was never on the wire in a form that it can read.`,
      ],
    },
    {
      name: 'reset',
      title: 'Reset the TPM before the guest starts',
      think: 'A saved session is encrypted by the TPM under a key that it makes anew at each reset. What will ContextLoad say?',
      over: { steps: [BOOT, START, { do: 'reset-tpm' }, ENTER] },
      follows: changed => [
        `The guest became secure: ${becameSecure(changed) ? 'yes' : 'no'}. This is the price of a session made in advance: until the host boots again, no guest becomes secure. Nothing leaked.`,
      ],
    },
    {
      name: 'reset-hardened',
      title: 'The same reset with hardened firmware',
      think: 'Hardened firmware makes a new salted session for each unwrap, with a public key that firmware handed over. Is it hurt?',
      over: { steps: [BOOT, START, { do: 'reset-tpm' }, ENTER] },
      profile: 'hardened',
      follows: changed => [
        `The guest became secure: ${becameSecure(changed) ? 'yes' : 'no'}. Sessions that were salted: ${all(changed, 'tpm.command', ({ name }) => name === 'TPM2_StartAuthSession').filter(one => (field(one, 'encryptedSalt')?.length ?? 0) > 2).length}.`,
      ],
    },
  ],
  conclusion: [
    'The session key protects the answer of the TPM on its way through the hypervisor. It is made when no hypervisor runs, with a salt that only the TPM can read.',
    'Known by firmware, Ultravisor and TPM. What the hypervisor carries is ciphertext with an HMAC.',
  ],
};
