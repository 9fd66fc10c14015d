import type { Lesson, LessonRun } from '../lesson.ts';
import {
  becameSecure,
  check,
  command,
  contents,
  field,
  fieldText,
  first,
  knowers,
  list,
  refusedByTpm,
  secret,
  yesNo,
} from '../run-facts.ts';
import { BOOT, ENTER, madeHere, otherSeed, READ, START, why } from './building-blocks.ts';

const SYMMETRIC = 'symmetric key of the ESM blob';
const decrypt = (run: LessonRun) => command(run, 'TPM2_RSA_Decrypt', 'ultravisor');
const lockbox = (run: LessonRun) => contents(field(decrypt(run), 'cipherText'));
const made = (run: LessonRun) => first(run, 'note', ({ text }) => text.includes('makes an ESM blob'));
const recipients = (run: LessonRun): number => Number(made(run)?.data.text.match(/recipients: (\d+)/)?.[1] ?? 0);
/** A host whose TPM holds a given wrapping key: to make one takes its time. */
const holding = (key: string) => ({ firmware: { wrappingKey: { file: `../observed/esm/02-three-recipients/${key}.pem` } } });
const HOSTS = [
  { name: 'host', ...holding('tpm1') },
  { name: 'elsewhere', ...holding('tpm2') },
];
const BOTH = [
  { do: 'boot', name: 'boot-here', host: 'host' },
  { do: 'boot', name: 'boot-there', host: 'elsewhere' },
];

export const wrapping: Lesson = {
  name: 'wrapping',
  title: 'Wrapping and lockboxes',
  line: 'how an owner locks a secret so that one machine can open it',
  intro: [
    'You own a virtual machine, and you want it to run on a machine that belongs to somebody else. It needs a secret: the passphrase of its disk. How do you send it?',
    "You encrypt everything with one random key, the *symmetric key*. Then you encrypt that key with the public half of the host's wrapping key. The result is a *lockbox*: anybody can carry it, only that TPM opens it. For three hosts you make three lockboxes of the same key.",
    "Lockboxes, encrypted files and encrypted digests together are the *ESM blob*. It travels with the initrd of your VM, through everybody's hands.",
    {
      pre: [
        'ESM blob   lockbox for host A    the symmetric key, under the key of A',
        '           lockbox for host B    the symmetric key, under the key of B',
        '           digests               encrypted under the symmetric key',
        '           files                 encrypted under the symmetric key',
      ].join('\n'),
    },
  ],
  scenario: { seed: 3, host: holding('tpm1'), ...madeHere(), steps: [BOOT, START, ENTER, READ] },
  stops: [
    {
      title: 'The owner has a secret',
      at: run => first(run, 'secret', ({ name }) => name.startsWith('attachment')),
      text: run => [
        `This is the passphrase, ${secret(run, 'attachment')?.bytes.length} bytes. Known by: ${list(knowers(run, 'attachment'))}. The list says who *may* know it. The hypervisor is not on it, and the simulator watches every byte that the hypervisor sees.`,
      ],
    },
    {
      title: 'The blob is made',
      at: made,
      text: ['The owner needed one thing of the host: the public half of its wrapping key. No conversation with the TPM, no network.'],
    },
    {
      title: 'Which lockbox is mine?',
      at: run => check(run, 'lockbox'),
      text: [
        'The guest has asked to become secure. The Ultravisor looks through the lockboxes of the blob for the one made for this host: each says of which public key it is (a *fingerprint*, SHA-256 of that key).',
      ],
    },
    {
      title: 'The lockbox goes to the TPM',
      at: decrypt,
      text: run => [
        `\`TPM2_RSA_Decrypt\` carries the lockbox in the clear: ${lockbox(run).length} bytes. The hypervisor carries the message and may read it. It is ciphertext under a key that only the TPM has.`,
      ],
    },
    {
      title: 'Open',
      at: run => check(run, 'lockbox-key-size'),
      text: run => [
        `Inside were ${secret(run, SYMMETRIC)?.bytes.length ?? 0} bytes: the symmetric key. Known by: ${list(knowers(run, SYMMETRIC))}. With it the Ultravisor opens digests and files of the blob; it needs the TPM no more.`,
      ],
    },
  ],
  questions: [
    {
      ask: 'How many bytes is the lockbox that was sent to the TPM? (a number)',
      answer: run => ({ right: String(lockbox(run).length), why: 'RSA with a modulus of 2048 bits gives 256 bytes, whatever is inside.' }),
    },
    {
      ask: 'How many bytes were inside? (a number)',
      answer: run => ({
        right: check(run, 'lockbox-key-size')?.data.detail.match(/\d+/)?.[0] ?? '',
        why: 'A symmetric key, for AES-256. Padding (OAEP) fills the rest.',
      }),
    },
    {
      ask: 'How many machines can open the blob of this run? (a number)',
      answer: run => ({ right: String(recipients(run)), why: 'One lockbox for each recipient; the owner named so many.' }),
    },
    {
      about: 'elsewhere',
      ask: 'The same blob is started on another host, which has a TPM and a wrapping key of its own. Does the guest become secure?',
      answer: run => yesNo(becameSecure(run), why(run)),
    },
  ],
  changes: [
    {
      name: 'elsewhere',
      title: 'Start the guest on another host',
      think: 'The other host is as good as the first. It has its own TPM. What is missing?',
      over: { hosts: HOSTS, host: undefined, ...madeHere([{ host: 'host' }], { host: 'elsewhere' }), steps: [...BOTH, START, ENTER] },
      follows: () => [
        'The lockbox was made for the wrapping key of the first host. That key cannot leave its TPM, so neither can the right to open the lockbox.',
      ],
    },
    {
      name: 'both',
      title: 'Make the blob for both hosts, and start it on the other one',
      think: 'What must the owner know to allow a second machine?',
      over: {
        hosts: HOSTS,
        host: undefined,
        ...madeHere([{ host: 'host' }, { host: 'elsewhere' }], { host: 'elsewhere' }),
        steps: [...BOTH, START, ENTER],
      },
      follows: changed => [
        `Recipients: ${recipients(changed)}. ${check(changed, 'lockbox')?.data.detail ?? ''}: the Ultravisor found its own by the fingerprint, and the guest became ${becameSecure(changed) ? 'secure' : 'nothing'}.`,
      ],
    },
    {
      name: 'flip',
      title: 'Flip one bit of the lockbox on its way to the TPM',
      think: 'The hypervisor carries the lockbox. It cannot read it. Can it damage it without being noticed?',
      over: { adversary: [{ at: 'tpm-request', command: 'TPM2_RSA_Decrypt', do: 'flip', byte: 100 }] },
      follows: changed => [
        `The TPM said ${list(refusedByTpm(changed), 'yes')}. The command carries an HMAC over its parameters, made with a password that the hypervisor does not know (lessons 3 and 4).`,
      ],
    },
    otherSeed('Another symmetric key, other padding. Does the size of the lockbox change?', changed => [
      `It is ${lockbox(changed).length} bytes as before, and every byte of it is another. The handle of the key is still ${fieldText(decrypt(changed), 'keyHandle')}.`,
    ]),
  ],
  conclusion: [
    'The owner encrypts everything under one symmetric key and locks that key for each host that may run the VM.',
    'A lockbox may be seen by everybody. Opening it takes the private half of a wrapping key, and that is inside one TPM.',
  ],
};
