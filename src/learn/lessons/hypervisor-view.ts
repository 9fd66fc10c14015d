import type { Lesson, LessonRun } from '../lesson.ts';
import { all, carried, command, contents, field, head, hexOf, knowers, leaks, list, response, secret, yesNo } from '../run-facts.ts';
import { BOOT, ENTER, otherSeed, READ, RECORDED, START } from './building-blocks.ts';

const SYMMETRIC = 'symmetric key of the ESM blob';
const decrypt = (run: LessonRun) => command(run, 'TPM2_RSA_Decrypt', 'ultravisor');
const calls = (run: LessonRun) => all(run, 'hcall.call', ({ name }) => name === 'H_TPM_COMM');
const message = (run: LessonRun) => contents(field(response(run, decrypt(run)), 'message'));

export const hypervisorView: Lesson = {
  name: 'hypervisor-view',
  title: 'What the hypervisor sees',
  line: 'look through the eyes of the adversary: every byte that it carries',
  intro: [
    'Now be the hypervisor. In this lesson only what it sees is shown; what it cannot see is not there.',
    'You run the VM. You carry every message between the Ultravisor and the TPM: `H_TPM_COMM` is the hypercall for it. You may read, keep, change or drop each of them. You want the symmetric key.',
  ],
  viewpoint: 'hypervisor',
  scenario: { ...RECORDED, steps: [BOOT, START, ENTER, READ] },
  stops: [
    {
      title: 'The guest wants to become secure',
      at: run => all(run, 'hcall.call', ({ name }) => name === 'H_SVM_INIT_START')[0],
      text: [
        'The Ultravisor calls you: `H_SVM_INIT_START`. Of the time before you have seen nothing but the boot of your own Linux: the firmware talked to the TPM without you.',
        'The registers are all yours to read. The Ultravisor has put in them only what the call needs.',
      ],
    },
    {
      title: 'Pages go',
      at: run => all(run, 'page', ({ to }) => to === 'SECURE')[0],
      text: [
        'You hand over pages of the guest one by one. From then on you cannot read them. You do keep a few: those that the Ultravisor *shares* with you, for messages.',
      ],
    },
    {
      title: 'A letter to the TPM',
      at: run => calls(run)[0],
      text: [
        '`H_TPM_COMM`: take these bytes, give them to the TPM, bring back the answer. The bytes lie in a shared page. The first letter asks for the public half of a key. Public is public.',
      ],
    },
    {
      title: 'The lockbox',
      at: decrypt,
      text: run => [
        `\`TPM2_RSA_Decrypt\`. Here is the lockbox, in the clear: \`${head(contents(field(decrypt(run), 'cipherText')))}\`. You had it before: it is in the ESM blob, and the blob came with the initrd, through your hands.`,
        'In the session area stands an HMAC. If you change a byte of the command, it does not fit.',
      ],
    },
    {
      title: 'The answer',
      at: run => response(run, decrypt(run)),
      text: run => [
        `Your best chance. The answer holds the symmetric key in the parameter \`message\`, and these are its bytes: \`${hexOf(message(run))}\`.`,
        'They are encrypted with AES under the session key. You were not there when it was made.',
      ],
    },
    {
      title: 'It is over',
      at: run => all(run, 'hcall.call', ({ name }) => name === 'H_SVM_INIT_DONE')[0],
      text: [
        '`H_SVM_INIT_DONE`. What comes next, the guest reading its passphrase, you do not see at all: it asks the Ultravisor, not you.',
      ],
    },
  ],
  questions: [
    {
      ask: 'How many TPM messages of the Ultravisor, commands and responses together, did the hypervisor carry? (a number)',
      answer: run => ({
        right: String(carried(run).length),
        why: `${calls(run).length} calls of H_TPM_COMM; all but the one that closes the session carry a command there and a response back.`,
      }),
    },
    {
      ask: 'The symmetric key was in one of them. Do its bytes occur anywhere in what the hypervisor saw?',
      answer: run => {
        const key = secret(run, SYMMETRIC);
        return yesNo(
          key?.since.has('hypervisor') ?? false,
          `The simulator looks for every run of 8 bytes of each secret in everything that the hypervisor sees. Known by: ${list(knowers(run, SYMMETRIC))}.`,
        );
      },
    },
    {
      ask: 'How many secrets of this run did the hypervisor get? (a number)',
      answer: run => ({ right: String(leaks(run).length), why: run.report.invariants.find(({ name }) => name === 'no-leak')?.text ?? '' }),
    },
  ],
  changes: [
    {
      name: 'flip',
      title: 'Flip one bit of the encrypted answer',
      think: 'You cannot read the answer. What happens if you change it?',
      over: { adversary: [{ at: 'tpm-response', command: 'TPM2_RSA_Decrypt', do: 'flip', byte: 20 }] },
      follows: () => ['The HMAC covers the answer. Who has not got the session key can break the message, and cannot forge one.'],
    },
    {
      name: 'drop',
      title: 'Do not deliver the message at all',
      think: 'Nobody can force you to carry a letter. What do you gain?',
      over: { adversary: [{ at: 'hypercall', call: 'H_TPM_COMM', command: 'TPM2_RSA_Decrypt', do: 'answer', code: 'H_RESOURCE' }] },
      follows: changed => [
        `Secrets that you got: ${leaks(changed).length}. You can always refuse service: the machine is yours. You cannot make it lie.`,
      ],
    },
    otherSeed(
      'Another run, other nonces. Is the encrypted answer the same bytes? The key inside is the same: the blob did not change.',
      (changed, own) => [
        `Before: ${hexOf(message(own)).slice(0, 16)}... Now: ${hexOf(message(changed)).slice(0, 16)}... The same 32 bytes inside, under another session key: an old recording is worth nothing.`,
      ],
    ),
  ],
  conclusion: [
    'The hypervisor carries every message, sees every byte of it, and learns neither password nor session key nor symmetric key.',
    'It can refuse and it can disturb. What it disturbs is found out.',
  ],
};
