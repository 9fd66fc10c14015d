import type { Change, Lesson, LessonRun, ScenarioData } from '../lesson.ts';
import { all, command, fieldText, first, leaks, list, pcrOf, refusedByTpm, yesNo } from '../run-facts.ts';
import { BOOT, ENTER, RECORDED, START } from './building-blocks.ts';

const POLICY_B: ScenarioData = { adversary: [{ at: 'hypercall', call: 'H_SVM_INIT_DONE', do: 'tpm', program: 'policy-b' }] };
const LATE_PAGE: ScenarioData = {
  adversary: [
    {
      at: 'hypercall',
      call: 'H_SVM_INIT_DONE',
      do: 'extra',
      ultracall: 'UV_PAGE_IN',
      frame: 'kernel',
      contents: { hex: '600000004bfffffc' },
    },
  ],
};
const BEHIND: ScenarioData = { adversary: [{ at: 'memory', region: 'kernel', do: 'extend', contents: { hex: '600000004bfffffc' } }] };
const RESET: ScenarioData = {
  adversary: [{ at: 'hypercall', call: 'H_SVM_INIT_DONE', do: 'reset-tpm' }, ...(POLICY_B.adversary as readonly unknown[])],
};

const broken = ({ report }: LessonRun) => report.invariants.filter(({ ok }) => !ok);
const verdict = (run: LessonRun): string =>
  list(
    broken(run).map(({ name, text }) => `${name} is broken: ${text}`),
    'Every invariant holds: the attack failed',
  );
const refused = (run: LessonRun): string => refusedByTpm(run)[0] ?? 'nothing';

const pair = (name: string, title: string, think: string, over: ScenarioData, closed: (run: LessonRun) => string): readonly Change[] => [
  { name, title: `${title} (published firmware)`, think, over, follows: changed => [`${verdict(changed)}.`] },
  {
    name: `${name}-hardened`,
    title: `${title} (hardened firmware)`,
    think: 'What would you change in the firmware so that this fails?',
    over,
    profile: 'hardened',
    follows: changed => [`${verdict(changed)}.`, closed(changed)],
  },
];

export const weaknesses: Lesson = {
  name: 'weaknesses',
  title: 'Weaknesses of the published firmware, and how to close them',
  line: 'where it breaks, why, and what a fix looks like',
  intro: [
    'The firmware that was published in 2020 has gaps. You will use three of them, see the run break, and then try again with *hardened* firmware: the same code with named fixes.',
    'The simulator watches every run for three rules. *no-leak*: no secret reaches the hypervisor. *no-forgery*: what is secure is what its owner measured. *no-residue*: nothing is left of what was ended. A weakness is an attack that breaks one of them, while the guest notices nothing.',
    '`svm-sim profiles published` lists all of them, with the scenario that shows each.',
  ],
  scenario: { ...RECORDED, host: { profile: 'published' }, steps: [BOOT, START, ENTER] },
  stops: [
    {
      title: 'Branch B hangs on a PCR',
      at: run => command(run, 'TPM2_PolicyPCR'),
      text: (_, event) => [
        `Remember branch B of the policy: change the password, if a PCR has its value. It is the register with the number ${pcrOf(event)}. Is it one that only the firmware can set?`,
        'PCR 16 is the *debug* register. It is zero, and every program on the host may set it back to zero.',
      ],
    },
    {
      title: 'A session without salt',
      at: run => command(run, 'TPM2_StartAuthSession', 'ultravisor'),
      text: (_, event) => [
        `The published code opens its session for the unwrap here, through the hypervisor, and with tpmKey \`${fieldText(event, 'tpmKey')}\`: no salt. You met the consequence in lesson 4.`,
      ],
    },
    {
      title: 'Measured, but not yet secure',
      at: run => all(run, 'check', ({ name }) => name === 'digest-bootargs')[0],
      text: [
        'All digests fit. Between this moment and the state SECURE the hypervisor is asked once more: `H_SVM_INIT_DONE`. In the published code it may still bring in a page, after the measurement.',
      ],
    },
    {
      title: 'Secure',
      at: run => first(run, 'state', ({ of, to }) => of === 'svm' && to === 'SECURE'),
      text: ['An honest run ends well, also with published firmware. Now change something.'],
    },
  ],
  questions: [
    {
      about: 'policy-b',
      ask: 'Published firmware: the hypervisor walks branch B, gives the wrapping key a password of its own, and decrypts the lockbox. Does it get the symmetric key?',
      answer: run =>
        yesNo(
          leaks(run).some(name => name.includes('symmetric key')),
          verdict(run),
        ),
    },
    {
      about: 'policy-b-hardened',
      ask: 'Hardened firmware binds branch B to another PCR and extends it before the hypervisor starts. With which code does the TPM refuse?',
      answer: run => ({
        right: refused(run),
        wrong: ['TPM_RC_AUTH_FAIL', 'TPM_RC_SUCCESS', 'TPM_RC_HANDLE'].filter(code => code !== refused(run)),
        why: 'PolicyOR does not find the digest of the session in its list: the PCR has another value now.',
      }),
    },
    {
      about: 'late-page',
      ask: 'Published firmware: the hypervisor brings in a kernel page of its own after the measurement. Which rule is broken?',
      answer: run => ({
        right: broken(run)[0]?.name ?? 'none',
        wrong: ['no-leak', 'no-residue', 'none', 'no-forgery'].filter(name => name !== (broken(run)[0]?.name ?? 'none')),
        why: verdict(run),
      }),
    },
    {
      about: 'reset-hardened',
      ask: 'Hardened firmware, but the attacker can reset the TPM alone, without the host. Is branch B open again?',
      answer: run =>
        yesNo(
          leaks(run).length > 0,
          'A reset sets the PCR back. No firmware can close this: the reset line of the TPM must hang on the reset of the machine.',
        ),
    },
  ],
  changes: [
    ...pair(
      'policy-b',
      'Walk branch B and give the wrapping key your password',
      'You need no secret for branch B, only a PCR with the value zero. What can you do once the password is yours?',
      POLICY_B,
      run => `The TPM refuses with ${refused(run)}. The fix: bind branch B to PCR 6, and extend PCR 6 before the hypervisor starts.`,
    ),
    ...pair(
      'late-page',
      'Bring in another kernel page after the measurement',
      'The digest was right when it was taken. What runs afterwards?',
      LATE_PAGE,
      run =>
        `The answer to the hypervisor was ${all(run, 'ultracall.return', ({ name, r3Name }) => name === 'UV_PAGE_IN' && r3Name !== 'U_SUCCESS')[0]?.data.r3Name ?? 'U_SUCCESS'}. The fix: until the VM is secure, take only the frame that was asked for.`,
    ),
    ...pair(
      'behind',
      'Hide code behind the last byte of the kernel',
      'The digest ends with the kernel. The page does not: 64 KiB is 64 KiB.',
      BEHIND,
      () => 'The fix: zero what was fetched and nobody measured, before the kernel starts.',
    ),
    {
      name: 'reset-hardened',
      title: 'Hardened firmware, and a reset of the TPM alone',
      think: 'The fix for branch B rests on a PCR. Who can reset PCRs?',
      over: RESET,
      profile: 'hardened',
      follows: changed => [
        `${verdict(changed)}.`,
        'Some things firmware cannot close. They belong to the board: tie the reset of the TPM to the reset of the machine.',
      ],
    },
  ],
  conclusion: [
    'Published firmware can be broken by a hypervisor that knows it: branch B on a resettable PCR, an unsalted session, pages after the measurement.',
    'Each has a fix of a few lines. What hangs on the reset of the TPM needs the hardware.',
  ],
};
