import type { Lesson, LessonRun } from '../lesson.ts';
import { command, field, fieldText, first, head, hexOf, knowers, list, response, yesNo } from '../run-facts.ts';
import { BOOT, otherSeed } from './building-blocks.ts';

const PARENT = 'private part of a primary object';
const create = (run: LessonRun) => response(run, command(run, 'TPM2_Create'));
const evictions = (run: LessonRun) => [command(run, 'TPM2_EvictControl'), command(run, 'TPM2_EvictControl', 'firmware', 1)] as const;
const nameOf = (run: LessonRun) => hexOf(field(response(run, command(run, 'TPM2_ReadPublic')), 'name'));

export const tpmObject: Lesson = {
  name: 'tpm-object',
  title: 'What a TPM object is',
  line: 'a key inside a chip: two halves, a handle, a Name',
  intro: [
    'A *TPM* is a small chip that keeps keys. It never gives the private half of a key away. You send it a command, it answers: that is all.',
    'You will watch a new computer start for the first time. It is a POWER9 host. Before anything else runs, its *firmware* asks the TPM to make two keys. The second one, the *wrapping key*, is what the whole story is about: all later lessons come back to it.',
    {
      pre: [
        'owner            makes a blob that only this host can open',
        'guest  -> SVM    a virtual machine, later a Secure VM',
        'Ultravisor       the small trusted program below everything',
        'hypervisor       KVM and QEMU: runs the VMs. We do not trust it',
        'TPM              the chip with the keys',
      ].join('\n'),
    },
    'In the lines of a run, `●` stands where the hypervisor sees the bytes, and `○` where there are bytes that it does not see.',
  ],
  scenario: { seed: 2, host: { firmware: { wrappingKey: 'generated' } }, steps: [BOOT] },
  stops: [
    {
      title: 'The first key: a parent',
      at: run => command(run, 'TPM2_CreatePrimary'),
      text: (_, event) => [
        `The firmware sends \`TPM2_CreatePrimary\`: make an RSA key. The command says what kind of key it shall be, in its *attributes*: \`${fieldText(event, 'objectAttributes')}\`.`,
        '`restricted` and `decrypt` together make it a *storage key*: it decrypts only what the TPM itself has wrapped, which is other keys. Nobody can use it to decrypt a message. Such a key is called a *parent*.',
      ],
    },
    {
      title: 'A secret is born, and stays where it is',
      at: run => first(run, 'secret', ({ name }) => name === PARENT),
      text: run => [
        `The private half exists now. Known by: ${list(knowers(run, PARENT))}. Nobody else, and this will never change.`,
        'The public half goes back in the response. Public is public: everybody may see it.',
      ],
    },
    {
      title: 'A handle',
      at: run => evictions(run)[0],
      text: (_, event) => [
        `The TPM calls a key that is loaded by a number, its *handle*. \`${fieldText(event, 'objectHandle')}\` is one for keys that are gone when the power is. \`TPM2_EvictControl\` makes the key permanent, under \`${fieldText(event, 'persistentHandle')}\`.`,
      ],
    },
    {
      title: 'The wrapping key comes out, wrapped',
      at: create,
      text: (_, event) => [
        'The firmware asks for a second key below the first: `TPM2_Create`. The response has two parts.',
        `\`outPublic\` is the public half, ${field(event, 'unique')?.length ?? 0} bytes with its size. \`outPrivate\`, ${field(event, 'outPrivate')?.length ?? 0} bytes, is the private half, but encrypted under the parent: \`${head(field(event, 'outPrivate')?.subarray(2))}\`. This is called *wrapping*. Whoever gets hold of these bytes can give them back to this TPM with \`TPM2_Load\`, and can do nothing else with them.`,
        `Look at the attributes: \`${fieldText(event, 'objectAttributes')}\`. It may decrypt, and it is not \`restricted\`: it decrypts messages for whoever may use it. \`userWithAuth\` is not there, so a password alone does not open it: a *policy* does (lesson 3).`,
      ],
    },
    {
      title: 'The Name',
      at: run => response(run, command(run, 'TPM2_ReadPublic')),
      text: (_, event) => [
        `Every object has a *Name*: a hash of its public part, attributes and policy included. This one is \`${head(field(event, 'name')?.subarray(2), 12)}\`. Change one bit of the key or of its rules, and it has another Name.`,
        'The firmware remembers the Name. Later the Ultravisor compares: is the key under that handle still the one we made?',
      ],
    },
  ],
  questions: [
    {
      ask: 'Under which handle can the wrapping key be found from now on?',
      answer: run => ({
        right: fieldText(evictions(run)[1], 'persistentHandle') ?? '',
        wrong: [
          fieldText(evictions(run)[0], 'persistentHandle'),
          fieldText(evictions(run)[0], 'objectHandle'),
          fieldText(evictions(run)[1], 'objectHandle'),
        ].filter(one => one !== undefined),
        why: 'The second TPM2_EvictControl of this boot says so. The first one is the parent, and 0x80... are handles of the moment.',
      }),
    },
    {
      ask: 'Who knows the private half of the wrapping key?',
      answer: run => ({
        right: list(knowers(run, 'private part of an object')),
        wrong: ['firmware and tpm', 'hypervisor and tpm', 'owner'],
        why: 'It was made in the TPM. Outside it was only ever seen wrapped under the parent.',
      }),
    },
    {
      ask: 'Could the firmware use the parent key to decrypt any message it likes?',
      answer: run => {
        const attributes = fieldText(command(run, 'TPM2_CreatePrimary'), 'objectAttributes') ?? '';
        return yesNo(
          !attributes.includes('restricted'),
          `Its attributes are ${attributes}. A restricted key decrypts only what a TPM has wrapped.`,
        );
      },
    },
  ],
  changes: [
    otherSeed('The TPM draws its primes again. Will the handle change? Will the Name?', (changed, own) => [
      `The handle is the same: firmware chose it. The Name was ${nameOf(own).slice(4, 20)}... and is ${nameOf(changed).slice(4, 20)}... now: it is another key.`,
      'An owner who made a blob for the old key cannot be helped by the new one.',
    ]),
    {
      name: 'reboot',
      title: 'Switch the host off and on again',
      think: 'Is the wrapping key still there after a reboot? Is its password the same?',
      over: { steps: [BOOT, { do: 'reboot', host: 'host' }] },
      follows: changed => {
        const key = changed.report.steps.at(-1)?.outcome.wrappingKey;
        return [
          `The Name of the key: ${key?.name}. Its password: ${key?.password}. A persistent object survives; the firmware gives it a new password at each boot, and nobody has to make new blobs.`,
        ];
      },
    },
  ],
  conclusion: [
    'A TPM object has a public half, a private half that only the TPM knows, a handle to call it by, and a Name that is a hash of what it is.',
    'Outside of the TPM a private half is only seen wrapped under its parent.',
  ],
};
