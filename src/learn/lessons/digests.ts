import type { Change, Lesson, LessonRun } from '../lesson.ts';
import { all, becameSecure, check, first, list, refusal, yesNo } from '../run-facts.ts';
import { BOOT, ENTER, RECORDED, START, why } from './building-blocks.ts';

const measured = (run: LessonRun) => all(run, 'check', ({ name, ok }) => name.startsWith('digest-') && ok);
const names = (run: LessonRun): readonly string[] => measured(run).map(({ data }) => data.name.replace('digest-', ''));
const sizeOf = (run: LessonRun, name: string): string => check(run, name)?.data.detail.match(/\((\d+) bytes/)?.[1] ?? '';

const attack = (
  name: string,
  title: string,
  think: string,
  rule: Readonly<Record<string, unknown>>,
  lesson: string,
  profile?: string,
): Change => ({
  name,
  title,
  think,
  over: { adversary: [{ at: 'memory', ...rule }] },
  ...(profile === undefined ? {} : { profile }),
  follows: changed => [
    `The guest became secure: ${becameSecure(changed) ? 'yes' : 'no'}. What refused: ${refusal(changed)?.data.name ?? 'nothing'}.`,
    lesson,
  ],
});
const PROPERTY = { region: 'device-tree', do: 'add-property', path: '/chosen', property: 'linux,steered', contents: { hex: '00000001' } };

export const digests: Lesson = {
  name: 'digests',
  title: 'The digests',
  line: 'is the software that starts the one that the owner meant?',
  intro: [
    'Secure memory alone is no help: a hypervisor could start *its own* kernel there and let it read the secret. So before the guest becomes secure, the Ultravisor measures what was loaded and compares with what the owner wrote down.',
    "To *measure* is to hash: SHA-512 over every byte. The owner's list lies in the ESM blob, encrypted under the symmetric key, with a tag that shows any change. Who cannot open the lockbox can neither read nor write this list.",
  ],
  scenario: { ...RECORDED, steps: [BOOT, START, ENTER] },
  stops: [
    {
      title: 'The list is genuine',
      at: run => check(run, 'digests-tag'),
      text: ['First the list itself: AES-GCM decrypts it and checks its tag. A list of somebody else, or a changed one, ends here.'],
    },
    {
      title: 'RTAS',
      at: run => check(run, 'digest-rtas'),
      text: ['RTAS is code of the firmware that runs inside the guest with its rights. So it is measured too.'],
    },
    {
      title: 'The kernel',
      at: run => check(run, 'digest-kernel'),
      text: run => [
        `${sizeOf(run, 'digest-kernel')} bytes, read from the copy in secure memory. To hash them where the hypervisor can still write would be worth nothing.`,
      ],
    },
    {
      title: 'The initrd',
      at: run => check(run, 'digest-initrd'),
      text: run => [`${sizeOf(run, 'digest-initrd')} bytes: the first programs that the kernel will start.`],
    },
    {
      title: 'The command line',
      at: run => check(run, 'digest-bootargs'),
      text: run => [
        `${sizeOf(run, 'digest-bootargs')} bytes. A kernel can be told on its command line to run any program: \`init=/bin/sh\`. Every blank counts.`,
      ],
    },
    {
      title: 'Secure',
      at: run => first(run, 'state', ({ of, to }) => of === 'svm' && to === 'SECURE'),
      text: ['All fit. Only now the guest is secure, and only a secure guest may read its files.'],
    },
  ],
  questions: [
    {
      ask: 'How many parts of the guest were measured? (a number)',
      answer: run => ({ right: String(measured(run).length), why: `${list(names(run))}.` }),
    },
    {
      ask: 'How many bytes of kernel were hashed? (a number)',
      answer: run => ({ right: sizeOf(run, 'digest-kernel'), why: check(run, 'digest-kernel')?.data.detail ?? '' }),
    },
    {
      about: 'bootargs',
      ask: 'The hypervisor appends ` init=/bin/sh` to the command line. Which check refuses?',
      answer: run => ({
        right: refusal(run)?.data.name ?? 'none',
        wrong: ['digest-kernel', 'digest-initrd', 'digests-tag'],
        why: why(run),
      }),
    },
    {
      about: 'property',
      ask: 'The hypervisor adds a property to the device tree, with published firmware. Does the guest become secure all the same?',
      answer: run => yesNo(becameSecure(run), `Measured were ${list(names(run))}. Of the device tree only the command line is among them.`),
    },
  ],
  changes: [
    attack(
      'kernel',
      'Flip one bit of the kernel',
      'One bit of a quarter of a million bytes. Which check will see it, and when?',
      {
        region: 'kernel',
        do: 'flip',
        byte: 4096,
      },
      'A hash does not tell how much was changed, only that something was. One bit is enough.',
    ),
    attack(
      'bootargs',
      'Append init=/bin/sh to the command line',
      'A shell in the Secure VM would be nice to have. Will the kernel get to see this?',
      {
        region: 'bootargs',
        do: 'extend',
        contents: { text: ' init=/bin/sh' },
      },
      'The kernel never reads this line: the guest stays a normal VM, without secrets.',
    ),
    attack(
      'initrd',
      'Flip one bit of the initrd',
      'The initrd holds the program that reads the passphrase.',
      {
        region: 'initrd',
        do: 'flip',
        byte: 100,
      },
      "The program that would read the passphrase is not the owner's: it is not even started.",
    ),
    attack(
      'property',
      'Add a property to the device tree, published firmware',
      'Look at the list of what is measured. Is this among it?',
      PROPERTY,
      'Nothing vouches for the property, and the kernel will obey it: no-forgery is broken.',
      'published',
    ),
    attack(
      'property-hardened',
      'The same with hardened firmware',
      'There is no digest of the tree in the real formats. What else could be checked?',
      PROPERTY,
      'Hardened firmware has a list of the names that may be in the tree. Values it cannot judge: nobody wrote them down.',
      'hardened',
    ),
  ],
  conclusion: [
    'What starts is what the owner measured: RTAS, kernel, initrd and command line, hashed in secure memory.',
    'What nobody measures, such as most of the device tree, stays in the hand of the hypervisor.',
  ],
};
