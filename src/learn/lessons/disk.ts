import type { Lesson, LessonRun } from '../lesson.ts';
import { all, check, first, knowers, list, refusal, secret, yesNo } from '../run-facts.ts';
import { BOOT, ENTER, madeHere, READ, START, why } from './building-blocks.ts';

const VOLUME = 'volume key';
const UNLOCK = { do: 'unlock', client: 'dracut' };
const luks = (passphrase: unknown) => ({
  disk: {
    luks: {
      version: 2,
      cipher: 'aes-xts-plain64',
      keySize: 512,
      label: 'vm-root',
      keySlots: [{ passphrase, kdf: { type: 'argon2id', iterations: 4, memory: '1 MiB', lanes: 1 } }],
      fileSystem: { type: 'ext4', label: 'root', size: '2 MiB' },
    },
  },
});
const attached = { attachment: 'rootd' };
/** A host that holds the key of the recorded blob: then both that guest and one whose blob is made here can start. */
const RECORDED_KEY = { host: { firmware: { wrappingKey: { file: '../observed/esm/02-three-recipients/tpm1.pem' } } } };
/** The guest of the recorded blob in the place of the one that is made here. */
const RECORDED_GUEST = { include: '_base.yaml', guests: undefined };
const opened = (run: LessonRun): boolean => run.report.steps.some(({ outcome }) => outcome.disk?.opened === true);
const given = (run: LessonRun) => all(run, 'ultracall.return', ({ name, r3 }) => name === 'UV_ESMB_GET_FILE' && (r3 ?? 0n) > 0n)[0];

export const disk: Lesson = {
  name: 'disk',
  title: 'The passphrase and the disk',
  line: 'what all this was for: the guest opens its disk, and only the guest',
  intro: [
    'The disk of the VM is a file of the host. The hypervisor can read every sector. So it is encrypted: *LUKS*. A passphrase opens a *key slot*, in the slot lies the *volume key*, and the volume key decrypts the sectors.',
    'An ordinary VM asks for the passphrase at its console, and the console belongs to the hypervisor. A Secure VM has a better way: the passphrase lies in the ESM blob as a file, `rootd`. The SVM asks the Ultravisor for it with an ultracall.',
  ],
  scenario: { seed: 6, ...RECORDED_KEY, ...madeHere(undefined, luks(attached)), steps: [BOOT, START, ENTER, UNLOCK] },
  stops: [
    {
      title: 'The guest is secure',
      at: run => first(run, 'state', ({ of, to }) => of === 'svm' && to === 'SECURE'),
      text: ['You know this part. From here on the SVM may read the files of its blob.'],
    },
    {
      title: 'The SVM asks',
      at: run => first(run, 'ultracall.call', ({ name }) => name === 'UV_ESMB_GET_FILE'),
      text: [
        '`UV_ESMB_GET_FILE`: the name of the file stands in the registers. An ultracall goes to the Ultravisor and not by the hypervisor.',
      ],
    },
    {
      title: 'Genuine',
      at: run => check(run, 'file-tag'),
      text: ['The file is encrypted under the symmetric key, with a tag. A changed one would be refused.'],
    },
    {
      title: 'And is given',
      at: given,
      text: run => [
        `The answer stands in registers of the SVM, at most 64 bytes a call: ${given(run)?.data.r3 ?? 0n} bytes here. A second call says that there are no more.`,
      ],
    },
    {
      title: 'The disk opens',
      at: run => first(run, 'check', ({ name }) => name === 'luks') ?? first(run, 'secret', ({ name }) => name.includes(VOLUME)),
      text: run => [
        'The passphrase goes through Argon2id, slow on purpose, so that guessing is slow too. The result opens the key slot.',
        `The volume key, ${secret(run, VOLUME)?.bytes.length ?? 0} bytes, is known by ${list(knowers(run, VOLUME))}. The sectors can be read now, inside the SVM.`,
      ],
    },
  ],
  questions: [
    {
      ask: 'How many bytes has the passphrase that the Ultravisor gave? (a number)',
      answer: run => ({ right: String(given(run)?.data.r3 ?? 0n), why: 'UV_ESMB_GET_FILE returns the count in r3.' }),
    },
    {
      ask: 'Who knows the volume key of the disk?',
      answer: run => ({
        right: list(knowers(run, VOLUME)),
        wrong: ['owner, ultravisor and svm', 'hypervisor and svm', 'svm and tpm'],
        why: 'The Ultravisor gave the passphrase and has no business with the disk. The owner formatted it; the SVM opened it.',
      }),
    },
    {
      about: 'refused',
      ask: 'The hypervisor refuses to let the guest become secure. The guest runs on as a normal VM. Does it get the passphrase?',
      answer: run => yesNo(given(run) !== undefined, 'Files are given to a VM that is secure, to nobody else.'),
    },
    {
      about: 'flip',
      ask: 'One bit of the encrypted passphrase in the blob is flipped. Which check finds it?',
      answer: run => ({ right: refusal(run)?.data.name ?? 'none', wrong: ['digests-tag', 'digest-initrd', 'luks'], why: why(run) }),
    },
  ],
  changes: [
    {
      name: 'wrong',
      title: 'Format the disk with another passphrase',
      think: 'The passphrase in the blob is not the one of the disk. What can be said about the disk then?',
      over: madeHere(undefined, luks({ text: 'of another time' })),
      follows: changed => [`The disk opened: ${opened(changed) ? 'yes' : 'no'}. A key that the digest of the volume denies is never used.`],
    },
    {
      name: 'flip',
      title: 'Flip one bit of the encrypted passphrase in the blob',
      think: 'The files are not among the measured parts. So the SVM starts. And then?',
      over: { ...RECORDED_GUEST, adversary: [{ at: 'memory', region: 'blob', do: 'flip', byte: 2619 }], steps: [BOOT, START, ENTER, READ] },
      follows: () => ['A file of the blob is sealed like everything else in it. The SVM runs, and gets an error in place of wrong bytes.'],
    },
    {
      name: 'refused',
      title: 'Be the hypervisor: say no to H_SVM_INIT_START',
      think: 'The guest goes on as a normal VM and may not even notice. What does its owner notice?',
      over: {
        adversary: [{ at: 'hypercall', call: 'H_SVM_INIT_START', do: 'report', code: 'H_UNSUPPORTED' }],
        steps: [BOOT, START, { ...ENTER, expect: { state: 'failed' } }, READ],
      },
      follows: () => ['Files are given to a VM that is secure. The disk stays closed: that is how an owner knows.'],
    },
  ],
  conclusion: [
    'The passphrase travels in the blob, under the symmetric key, and is given to a Secure VM by ultracall. The hypervisor keeps the disk and cannot read it.',
    'LUKS keeps secrets; it does not notice changed sectors.',
  ],
};
