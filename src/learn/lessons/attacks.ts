import type { Change, Lesson, LessonRun, Question } from '../lesson.ts';
import { all, becameSecure, leaks, refusal, refusedByTpm, yesNo } from '../run-facts.ts';
import { BOOT, ENTER, READ, RECORDED, START } from './building-blocks.ts';

interface Attack {
  readonly name: string;
  readonly title: string;
  readonly think: string;
  readonly over: Change['over'];
  readonly ask: string;
  readonly others: readonly string[];
  readonly lesson: string;
}

/** What stopped it: a check of the Ultravisor, or the TPM with a code. */
const stopper = (run: LessonRun): string => refusal(run)?.data.name ?? refusedByTpm(run)[0] ?? 'nothing';

const MEANINGS: Readonly<Record<string, string>> = {
  'wrapping-key-name': 'Is the key under the handle the one that firmware made? Compared is the Name.',
  'response-hmac': 'Does the answer come from who knows the session key and the password, and does it answer *this* command?',
  'lockbox-key-size': 'Was a key in the lockbox, and not something else?',
  'digests-tag': "Is the list of digests the owner's, unchanged?",
  'digest-kernel': 'Is the kernel the one on the list?',
  'file-tag': "Is the file in the blob the owner's, unchanged?",
};

const FIVE: readonly Attack[] = [
  {
    name: 'kernel',
    title: 'Another kernel',
    think: "You load the kernel. Put yours in the place of the owner's: one flipped bit stands for it.",
    over: { adversary: [{ at: 'memory', region: 'kernel', do: 'flip', byte: 4096 }] },
    ask: "Attack 1: one bit of the kernel is not the owner's. What stops it?",
    others: ['digests-tag', 'wrapping-key-name', 'response-hmac'],
    lesson: 'The digest of what was copied into secure memory (lesson 7).',
  },
  {
    name: 'blob',
    title: 'Another list of digests',
    think: 'If the list of digests does not fit your kernel, change the list. It lies in the blob, and the blob is in your hands.',
    over: { adversary: [{ at: 'memory', region: 'blob', do: 'flip', byte: 1837 }] },
    ask: 'Attack 2: the digests in the blob are changed. What stops it?',
    others: ['digest-kernel', 'lockbox-key-size', 'file-tag'],
    lesson: 'The tag under the symmetric key (lesson 7). To make a new list you would need that key.',
  },
  {
    name: 'key',
    title: 'Another key in the TPM',
    think: 'The Ultravisor asks the TPM for the public half of the wrapping key. You carry the answer: say that it is another key.',
    over: { adversary: [{ at: 'tpm-response', command: 'TPM2_ReadPublic', do: 'flip', byte: 100 }] },
    ask: 'Attack 3: the hypervisor lies about which key the TPM has. What stops it?',
    others: ['response-hmac', 'digests-tag', 'lockbox-key-size'],
    lesson: 'The Name is a hash of the public half, and the firmware told the Ultravisor the right one (lesson 1).',
  },
  {
    name: 'answer',
    title: 'A changed answer',
    think: "The TPM's answer with the symmetric key goes through your hands. You cannot read it; change it.",
    over: { adversary: [{ at: 'tpm-response', command: 'TPM2_RSA_Decrypt', do: 'flip', byte: 20 }] },
    ask: 'Attack 4: the answer with the symmetric key is changed on its way. What stops it?',
    others: ['lockbox-key-size', 'digests-tag', 'wrapping-key-name'],
    lesson: 'The HMAC under the session key; it covers nonces too, so an old answer is as wrong as a changed one (lesson 4).',
  },
  {
    name: 'ask',
    title: 'Ask the TPM yourself',
    think: 'You have the lockbox, and a TPM that answers everybody. Do what the Ultravisor does: walk policy A, and decrypt.',
    over: { adversary: [{ at: 'hypercall', call: 'H_SVM_INIT_START', do: 'tpm', program: 'decrypt' }] },
    ask: 'Attack 5: the hypervisor sends RSA_Decrypt itself. What stops it?',
    others: ['response-hmac', 'digest-kernel', 'TPM_RC_PCR_CHANGED'],
    lesson: 'Policy A wants the password of this boot, 16 random bytes (lesson 3).',
  },
];

const questionOf = ({ name, ask, others, lesson }: Attack): Question => ({
  about: name,
  ask,
  answer: run => ({ right: stopper(run), wrong: others.filter(other => other !== stopper(run)), why: lesson }),
});
const changeOf = ({ name, title, think, over = {}, lesson }: Attack): Change => ({
  name,
  title,
  think,
  over,
  follows: changed => [
    `What stopped it: ${stopper(changed)}. ${lesson}`,
    `Secrets that leaked: ${leaks(changed).length}. The guest became secure: ${becameSecure(changed) ? 'yes, undisturbed' : 'no'}.`,
  ],
});

export const attacks: Lesson = {
  name: 'attacks',
  title: 'Five attacks, and what stops them',
  line: 'you are the hypervisor; try it',
  intro: [
    'You know all the parts now. Put them to the test: be the hypervisor, and attack where you can reach. First the honest run, as a map. Then five attacks: say beforehand what will stop you, and then do it.',
    'A *check* is a place where the Ultravisor compares and refuses. Checks have names; they appear in the run with `✓` or `✗`.',
  ],
  scenario: { ...RECORDED, steps: [BOOT, START, ENTER, READ] },
  stops: ['wrapping-key-name', 'response-hmac', 'lockbox-key-size', 'digests-tag', 'digest-kernel', 'file-tag'].map(name => ({
    title: name,
    at: (run: LessonRun) => all(run, 'check', data => data.name === name)[0],
    text: [MEANINGS[name] ?? ''],
  })),
  questions: [
    ...FIVE.map(questionOf),
    {
      ask: 'In the honest run: did the hypervisor get any secret?',
      answer: run => yesNo(leaks(run).length > 0, run.report.invariants.find(({ name }) => name === 'no-leak')?.text ?? ''),
    },
  ],
  changes: FIVE.map(changeOf),
  conclusion: [
    "Each attack meets a check whose key or digest the hypervisor does not have: the Name from firmware, the session key, the password, the symmetric key, the owner's digests.",
    'What is left to the hypervisor is to refuse: then the guest does not start, and its disk stays closed.',
  ],
};
