import type { Lesson, LessonRun } from '../lesson.ts';
import { all, becameSecure, first, list, refusal, yesNo } from '../run-facts.ts';
import { BOOT, ENTER, RECORDED, START } from './building-blocks.ts';

const GPA = 0x8000000;
const moved = (run: LessonRun) => {
  const end = first(run, 'state', ({ of, to }) => of === 'svm' && to === 'SECURE')?.seq ?? Number.POSITIVE_INFINITY;
  return all(run, 'page', ({ to, why: reason }, { seq }) => to === 'SECURE' && reason.startsWith('UV_PAGE_IN') && seq < end);
};
const shared = (run: LessonRun) => all(run, 'page', ({ to }) => to.startsWith('SHARED'));
const canary = { do: 'write', name: 'secret', gpa: GPA, contents: 'canary' };
const OUT = { do: 'page-out', gpa: GPA };
const BACK = { do: 'read', name: 'back', gpa: GPA, length: 32 };
const hex = (gpa: bigint): string => `0x${gpa.toString(16)}`;

export const transition: Lesson = {
  name: 'transition',
  title: 'The transition, page by page',
  line: 'how the memory of a guest leaves the reach of the hypervisor',
  intro: [
    'The processor has a bit, *S*, and memory that only code with that bit can touch: *secure memory*. The *Ultravisor* is the small program that rules it. It stands below the hypervisor. A guest asks it with an *ultracall* (`UV_...`); the hypervisor is asked with a *hypercall* (`H_...`).',
    'When a guest says `UV_ESM`, "enter secure mode", its pages of 64 KiB move from normal memory into secure memory. It takes both: the hypervisor gives a page (`H_SVM_PAGE_IN`, then `UV_PAGE_IN`), the Ultravisor copies it and cuts the old one off.',
  ],
  scenario: {
    ...RECORDED,
    steps: [BOOT, START, ENTER, canary, OUT, { do: 'read', name: 'stolen', by: 'hypervisor', gpa: GPA, length: 32 }, BACK],
  },
  stops: [
    {
      title: 'UV_ESM',
      at: run => first(run, 'ultracall.call', ({ name }) => name === 'UV_ESM'),
      text: ['The kernel of the guest asks for it, at its very first instructions. It tells where it lies and where its device tree is.'],
    },
    {
      title: 'The first page',
      at: run => moved(run)[0],
      text: (_, event) => [
        `Page \`${event.kind === 'page' ? hex(event.data.gpa) : ''}\` is secure. The Ultravisor asked for this one by its number: it holds the device tree. It copies first and reads the copy: nobody can change it any more while it is read.`,
      ],
    },
    {
      title: 'Shared pages',
      at: run => shared(run)[0],
      text: run => [
        `Not all is secret: letters to the TPM must lie where the hypervisor can read them. ${shared(run).length} pages are shared before the first letter is written. They are cleared first.`,
      ],
    },
    {
      title: 'The kernel itself',
      at: run => moved(run).at(-1),
      text: run => [`${moved(run).length} pages moved until here. What the hypervisor has of them now is an old copy that nobody uses.`],
    },
    {
      title: 'SECURE',
      at: run => first(run, 'state', ({ of, to }) => of === 'svm' && to === 'SECURE'),
      text: [
        '`UV_ESM` does not return. The kernel starts again from its first instruction, this time in secure memory. The guest is a *Secure VM*, an SVM.',
      ],
    },
    {
      title: 'A page goes out',
      at: run => first(run, 'page', ({ to }) => to === 'PAGEDOUT'),
      text: [
        'The hypervisor still manages memory, so it may ask for a page back, to swap it out. It gets ciphertext: AES-GCM under a key of the Ultravisor, with a *tag* that stays in secure memory.',
      ],
    },
    {
      title: 'And comes back',
      at: run => all(run, 'check', ({ name }) => name === 'page-tag').at(-1),
      text: [
        'The guest touches the page. The Ultravisor has it brought back and compares the tag. Any other bytes than the last ones that went out are refused.',
      ],
    },
  ],
  questions: [
    {
      ask: 'How many pages were moved into secure memory before the guest was secure? (a number)',
      answer: run => ({
        right: String(moved(run).length),
        why: `From ${hex(moved(run)[0]?.data.gpa ?? 0n)} on; the rest of the memory moves when it is touched.`,
      }),
    },
    {
      ask: 'The SVM wrote 32 random bytes into a page. The page went out, and the hypervisor read it. Did it find those bytes?',
      answer: run => {
        const [wrote, stole] = ['secret', 'stolen'].map(name => bytesOf(run, name));
        return yesNo(
          wrote !== '' && wrote === stole,
          `The SVM wrote ${wrote?.slice(0, 16)}..., the hypervisor read ${stole?.slice(0, 16)}...`,
        );
      },
    },
    {
      ask: 'Does the SVM read what it had written, once the page is back?',
      answer: run => yesNo(bytesOf(run, 'secret') === bytesOf(run, 'back'), `It reads ${bytesOf(run, 'back').slice(0, 16)}...`),
    },
    {
      about: 'tamper',
      ask: 'While the page is out, the hypervisor changes one byte of it. Which check finds it?',
      answer: run => ({
        right: refusal(run)?.data.name ?? 'none',
        wrong: ['digest-kernel', 'response-hmac', 'file-tag'],
        why: refusal(run)?.data.detail ?? '',
      }),
    },
  ],
  changes: [
    {
      name: 'tamper',
      title: 'Change one byte of the page while it is out',
      think: 'It is ciphertext. If you change it, will the SVM read other bytes, or none?',
      over: { steps: [BOOT, START, ENTER, canary, OUT, { do: 'tamper', gpa: GPA + 0x100, contents: { hex: 'ff' } }, BACK] },
      follows: changed => [
        `Check ${refusal(changed)?.data.name}: ${refusal(changed)?.data.detail}.`,
        'The SVM does not go on with wrong memory. It goes on with no memory: it stands still.',
      ],
    },
    {
      name: 'old',
      title: 'Give back an older version of the page',
      think: 'An old page was once genuine: its ciphertext and tag fitted. Does it today?',
      over: {
        steps: [
          BOOT,
          START,
          ENTER,
          canary,
          OUT,
          { do: 'read', name: 'old-page', by: 'hypervisor', gpa: GPA, length: 65536 },
          BACK,
          { do: 'write', name: 'newer', gpa: GPA, contents: { text: 'something newer' } },
          { do: 'page-out', name: 'out-again', gpa: GPA },
          { do: 'tamper', gpa: GPA, contents: { step: 'old-page' } },
          { do: 'read', name: 'replayed', gpa: GPA, length: 32 },
        ],
      },
      follows: changed => [
        `Check ${refusal(changed)?.data.name}: ${refusal(changed)?.data.detail}.`,
        'IV and tag are those of the last time that the page went out. The Ultravisor keeps them; yesterday does not fit.',
      ],
    },
    {
      name: 'small',
      title: 'A host with eight pages of secure memory',
      think: 'What should happen when secure memory is full in the middle of it?',
      over: { host: { securePages: 8 } },
      follows: changed => [
        `The guest became secure: ${becameSecure(changed) ? 'yes' : 'no'}. Half secure is not secure: what was taken is given back, and the guest goes on as a normal VM. States it went through: ${list([...new Set(all(changed, 'state', ({ of }) => of === 'svm').map(({ data }) => data.to))])}.`,
      ],
    },
  ],
  conclusion: [
    'Pages are copied into secure memory, then used. What is shared is chosen by the Ultravisor and the SVM.',
    'A page that is out is ciphertext with a tag; changed or old pages do not come back in.',
  ],
};

function bytesOf({ report }: LessonRun, step: string): string {
  const bytes = report.steps.find(({ name }) => name === step)?.outcome.bytes;
  return bytes ? Buffer.from(bytes).toString('hex') : '';
}
