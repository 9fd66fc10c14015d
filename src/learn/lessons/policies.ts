import type { Lesson, LessonRun } from '../lesson.ts';
import { all, command, contents, field, fieldText, head, hexOf, leaks, list, pcrOf, refusedByTpm, response, yesNo } from '../run-facts.ts';
import { BOOT, ENTER, RECORDED, START } from './building-blocks.ts';

const steps = (run: LessonRun, by: 'firmware' | 'ultravisor'): readonly string[] => [
  ...new Set(
    all(
      run,
      'tpm.command',
      ({ name, via }) => /^TPM2_Policy(?!GetDigest|Restart)/.test(name) && (by === 'firmware') === (via === 'direct'),
    ).map(({ data }) => data.name.replace('TPM2_', '')),
  ),
];
const allowed = (run: LessonRun, by: 'firmware' | 'ultravisor'): string =>
  `TPM2_${fieldText(command(run, 'TPM2_PolicyCommandCode', by), 'code')?.split(' ')[0] ?? '?'}`;
const policyOfKey = (run: LessonRun): string =>
  hexOf(contents(field(response(run, command(run, 'TPM2_Import')), 'authPolicy')) ?? undefined);
const published = (run: LessonRun) =>
  all(run, 'tpm.command', ({ name, via }) => name === 'TPM2_ReadPublic' && via === 'direct')
    .map(one => response(run, one))
    .find(one => fieldText(one, 'objectAttributes')?.includes('encryptedDuplication'));
const authPolicy = (run: LessonRun): string => hexOf(contents(field(published(run), 'authPolicy'))) || policyOfKey(run);
const lastDigest = (run: LessonRun) => {
  const asked = all(run, 'tpm.command', ({ name, via }) => name === 'TPM2_PolicyGetDigest' && via === 'direct').at(-1);
  return response(run, asked);
};

export const policies: Lesson = {
  name: 'policies',
  title: 'Policies A and B',
  line: 'two ways to use one key, and what each asks for',
  intro: [
    'A key can have a *policy*: conditions that must be met before the TPM uses it. The policy of a key is one number, a digest of 32 bytes. The conditions are not stored; whoever wants to use the key must name them again, one by one, in a *policy session*. The TPM hashes each step onto the digest of the session. If the digest comes out as the key has it, the key may be used.',
    'The wrapping key has two ways in. *Branch A* is for the Ultravisor: decrypt a lockbox, with the password. *Branch B* is for the firmware at boot: change the password, without knowing the old one. `TPM2_PolicyOR` joins the branches: the digest is good when either was walked.',
    {
      pre: [
        'A:  PolicyCommandCode(RSA_Decrypt)      PolicyAuthValue (password!)  \\',
        "                                                                      PolicyOR -> the key's policy",
        'B:  PolicyCommandCode(ObjectChangeAuth) PolicyPCR (a register)       /',
      ].join('\n'),
    },
  ],
  scenario: { ...RECORDED, steps: [BOOT, START, ENTER] },
  stops: [
    {
      title: 'A policy session begins',
      at: run => command(run, 'TPM2_StartAuthSession'),
      text: (_, event) => [
        `The host boots. It has a wrapping key, but the password of the last boot is gone. Firmware opens a session, type \`${fieldText(event, 'sessionType')}\`. Its digest is 32 zero bytes.`,
      ],
    },
    {
      title: 'Branch B, first step: which command',
      at: run => command(run, 'TPM2_PolicyCommandCode'),
      text: run => [
        `"This session is for \`${allowed(run, 'firmware')}\` and for nothing else." The step goes into the digest, and the TPM will hold the session to it.`,
      ],
    },
    {
      title: 'Branch B, second step: the state of the machine',
      at: run => command(run, 'TPM2_PolicyPCR'),
      text: (_, event) => [
        `A *PCR* is a register that can be extended and, mostly, not set back. "Go on only while PCR ${pcrOf(event)} has this value." The last lesson comes back to the choice of PCR ${pcrOf(event)}.`,
      ],
    },
    {
      title: 'Either branch will do',
      at: run => response(run, command(run, 'TPM2_PolicyOR')),
      text: run => [
        `\`PolicyOR\` has the digests of both branches in its list. If the session's digest is one of them, it becomes the hash of the list. Firmware looks at it with \`TPM2_PolicyGetDigest\`: \`${head(contents(field(lastDigest(run), 'policyDigest')))}\`.`,
      ],
    },
    {
      title: 'A new password',
      at: run => command(run, 'TPM2_ObjectChangeAuth'),
      text: [
        '`TPM2_ObjectChangeAuth` gives the wrapping key a new password, 16 random bytes. It is handed to the Ultravisor before the hypervisor starts. So the password is new at each boot, and the hypervisor never sees it.',
      ],
    },
    {
      title: 'Branch A: the Ultravisor wants to decrypt',
      at: run => command(run, 'TPM2_PolicyCommandCode', 'ultravisor'),
      text: run => [
        `Much later a guest wants to become secure. Now the session is for \`${allowed(run, 'ultravisor')}\`. Its digest takes another way from here.`,
      ],
    },
    {
      title: 'Branch A: the password',
      at: run => command(run, 'TPM2_PolicyAuthValue', 'ultravisor'),
      text: [
        '"Whoever uses this session must prove that he knows the password." The password itself is not sent: it will go into the HMAC of the command.',
      ],
    },
    {
      title: 'The key is used',
      at: run => response(run, command(run, 'TPM2_RSA_Decrypt', 'ultravisor')),
      text: run => [
        `Digest right, command right, HMAC right: \`TPM_RC_SUCCESS\`. The Ultravisor walked ${list(steps(run, 'ultravisor'))}.`,
      ],
    },
  ],
  questions: [
    {
      ask: 'Which command does branch B, the one of the firmware, allow?',
      answer: run => ({
        right: allowed(run, 'firmware'),
        wrong: [allowed(run, 'ultravisor'), 'TPM2_Duplicate', 'TPM2_ReadPublic'],
        why: 'It is in the PolicyCommandCode that firmware sent. This session cannot decrypt anything.',
      }),
    },
    {
      ask: 'After PolicyOR firmware asked for the digest of the session. Is it the policy of the wrapping key?',
      answer: run => {
        const digest = hexOf(contents(field(lastDigest(run), 'policyDigest')));
        return yesNo(digest === authPolicy(run), `The session has ${digest.slice(0, 16)}..., the key ${authPolicy(run).slice(0, 16)}...`);
      },
    },
    {
      ask: 'Which step makes branch A useless to a hypervisor?',
      answer: run => ({
        right: steps(run, 'ultravisor').find(step => !steps(run, 'firmware').includes(step)) ?? '',
        wrong: steps(run, 'firmware'),
        why: 'It asks for the password. The other steps anybody can walk who can talk to the TPM.',
      }),
    },
    {
      about: 'decrypt',
      ask: 'The hypervisor walks branch A itself and asks the TPM to decrypt the lockbox, with a password of its own. Does it get the symmetric key?',
      answer: run => yesNo(leaks(run).length > 0, `Every one of its RSA_Decrypt was refused: ${list(refusedByTpm(run), 'no refusal')}.`),
    },
  ],
  changes: [
    {
      name: 'decrypt',
      title: 'Be the hypervisor: decrypt the lockbox with a guessed password',
      think: 'You have the lockbox and you can send the TPM any command. You know the policy. What do you not have?',
      over: { adversary: [{ at: 'hypercall', call: 'H_SVM_INIT_START', do: 'tpm', program: 'decrypt' }] },
      follows: changed => [
        `The TPM answers: ${list(refusedByTpm(changed), 'no refusal')}. Secrets that came to the hypervisor: ${leaks(changed).length}.`,
      ],
    },
    {
      name: 'swapped',
      title: 'Let two steps of the policy change places',
      think:
        'The hypervisor carries the steps. It holds PolicyCommandCode back and sends it behind PolicyAuthValue: all steps are there. Is that enough?',
      over: { adversary: [{ at: 'tpm-request', command: 'TPM2_PolicyCommandCode', do: 'swap' }] },
      follows: () => ['A policy is a hash of its steps in their order. Another order is another digest, and the key stays closed.'],
    },
    {
      name: 'hardened',
      title: 'Other firmware: hardened',
      think: 'Hardened firmware closes branch B before the hypervisor starts. How could it do that?',
      profile: 'hardened',
      follows: changed => [
        `Firmware sends ${list([...new Set(all(changed, 'tpm.command', ({ name, via }) => via === 'direct' && /PCR/.test(name)).map(({ data }) => data.name))])}. After PolicyPCR it extends the register: the value that branch B wants is gone until the machine is reset.`,
      ],
    },
  ],
  conclusion: [
    'A policy is a hash of conditions. Branch A lets who knows the password decrypt; branch B lets the firmware change the password.',
    'The password is new at each boot. Firmware and Ultravisor know it, and the TPM; the hypervisor does not.',
  ],
};
