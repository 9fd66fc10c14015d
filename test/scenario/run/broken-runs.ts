/** A run that is broken on purpose: the scenario's lists and steps, and its one true cause, which the first sentence names. */
export interface BrokenRun {
  readonly about: string;
  readonly adversary?: readonly string[];
  readonly faults?: readonly string[];
  /** Fields that go over those of the guest or of the host. */
  readonly guest?: string;
  readonly host?: string;
  readonly steps?: readonly string[];
  readonly cause: RegExp;
}

const TO_SECURE = ['do: boot', 'do: start', 'do: enter-secure-mode'];
const call = (args: string): readonly string[] => [
  'do: boot',
  'do: start',
  `do: hypercall, call: H_TPM_COMM, args: { ${args} }, expect: { result: H_SUCCESS }`,
];
const page = (args: string): readonly string[] => [
  ...TO_SECURE,
  `do: ultracall, call: UV_PAGE_IN, by: hypervisor, args: { ${args} }, expect: { result: U_SUCCESS }`,
];

/** What the hypervisor was told, and where: rules stand on line 4 and those below it. */
const told = (deed: string, line = 4, rule = 1): RegExp =>
  new RegExp(`^When vm asks to become secure, the hypervisor was told to ${deed}.* here \\(scenario line ${line}, rule ${rule}\\)`);
const made = (deed: string, line = 4, fault = 1): RegExp =>
  new RegExp(`^When vm asks to become secure, the TPM was made to ${deed}.* here \\(scenario line ${line}, fault ${fault}\\)`);

const RULES: readonly BrokenRun[] = [
  ...(['kernel', 'initrd', 'bootargs', 'rtas'] as const).map(region => ({
    about: `a rule changes the ${region} in normal memory`,
    adversary: [`at: memory, region: ${region}, do: flip, byte: 3`],
    cause: told(`flip \\(${region}: `),
  })),
  {
    about: 'a rule answers H_P5',
    adversary: ['at: hypercall, call: H_TPM_COMM, do: answer, code: H_P5'],
    cause: /the hypervisor was told to answer H_P5 here \(scenario line 4, rule 1\); the buffer was right \(out_size 4096 bytes\)/,
  },
  {
    about: 'a rule answers H_P3',
    adversary: ['at: hypercall, call: H_TPM_COMM, do: answer, code: H_P3'],
    cause: /told to answer H_P3 here \(scenario line 4, rule 1\); the buffer was right \(in_size \d+ bytes\)/,
  },
  {
    about: 'a rule answers H_RESOURCE',
    adversary: ['at: hypercall, call: H_TPM_COMM, do: answer, code: H_RESOURCE'],
    cause: told('answer H_RESOURCE'),
  },
  {
    about: 'a rule answers H_SVM_INIT_START',
    adversary: ['at: hypercall, call: H_SVM_INIT_START, do: answer, code: H_UNSUPPORTED'],
    cause: told('answer H_UNSUPPORTED'),
  },
  {
    about: 'a rule has H_SVM_INIT_DONE said to have failed',
    adversary: ['at: hypercall, call: H_SVM_INIT_DONE, do: report, code: H_STATE'],
    cause: told('answer H_STATE'),
  },
  {
    about: 'a rule refuses a page',
    adversary: ['at: hypercall, call: H_SVM_PAGE_IN, do: answer, code: H_PARAMETER'],
    cause: told('answer H_PARAMETER'),
  },
  {
    about: 'a rule drops a TPM command',
    adversary: ['at: hypercall, call: H_TPM_COMM, command: TPM2_RSA_Decrypt, do: drop'],
    cause: told('drop \\(H_TPM_COMM: '),
  },
  {
    about: 'a rule answers in the place of the TPM',
    adversary: ['at: tpm-response, command: TPM2_RSA_Decrypt, do: respond, code: TPM_RC_LOCKOUT'],
    cause: told('answer TPM_RC_LOCKOUT'),
  },
  {
    about: 'a rule cuts a response',
    adversary: ['at: tpm-response, command: TPM2_RSA_Decrypt, do: truncate, length: 20'],
    cause: told('truncate \\(TPM2_RSA_Decrypt: '),
  },
  {
    about: 'a rule changes a response',
    adversary: ['at: tpm-response, command: TPM2_RSA_Decrypt, do: flip, byte: 40'],
    cause: told('flip \\(TPM2_RSA_Decrypt: '),
  },
  {
    about: 'a rule changes the ciphertext',
    adversary: ['at: tpm-request, command: TPM2_RSA_Decrypt, do: flip, field: parameters.cipherText, byte: 9'],
    cause: told('flip \\(TPM2_RSA_Decrypt: '),
  },
  {
    about: 'a rule switches the TPM off and on',
    adversary: ['at: hypercall, call: H_TPM_COMM, command: TPM2_RSA_Decrypt, do: reset-tpm'],
    cause: told('reset-tpm'),
  },
  {
    about: 'of two rules the second matters',
    adversary: ['at: hypercall, call: H_SVM_INIT_START, do: delay, ms: 5', 'at: memory, region: kernel, do: flip, byte: 3'],
    cause: told('flip \\(kernel: ', 5, 2),
  },
  {
    about: 'of two rules the first matters',
    adversary: ['at: memory, region: kernel, do: flip, byte: 3', 'at: hypercall, call: H_SVM_PAGE_IN, do: delay, ms: 5'],
    cause: told('flip \\(kernel: '),
  },
  {
    about: 'a rule that only waits, and a wrong command line',
    adversary: ['at: hypercall, call: H_SVM_INIT_START, do: delay, ms: 5'],
    guest: 'bootargs: "other"',
    cause: /^When vm asks to become secure, the Ultravisor refuses: SHA-512 of the bootargs .*\(check "digest-bootargs"\)\./,
  },
  {
    about: 'a rule that only waits is what takes too long',
    adversary: ['at: hypercall, call: H_SVM_INIT_START, do: delay, ms: 5000'],
    steps: ['do: boot', 'do: start', 'do: enter-secure-mode, expect: { takes: { atMostMs: 1000 } }'],
    cause: told('delay \\(H_SVM_INIT_START: waits 5000 ms'),
  },
];

const FAULTS: readonly BrokenRun[] = [
  { about: 'the TPM dies', faults: ['fault: dies, command: TPM2_RSA_Decrypt'], cause: made('die at TPM2_RSA_Decrypt') },
  { about: 'the TPM is silent', faults: ['fault: silent, command: TPM2_RSA_Decrypt'], cause: made('be silent at TPM2_RSA_Decrypt') },
  { about: 'the TPM gives garbage', faults: ['fault: garbage, command: TPM2_RSA_Decrypt'], cause: made('give what is no response') },
  { about: 'the TPM loses half', faults: ['fault: short, command: TPM2_RSA_Decrypt'], cause: made('lose half of its response') },
  {
    about: 'the TPM answers a code',
    faults: ['fault: code, code: TPM_RC_VALUE, command: TPM2_RSA_Decrypt'],
    cause: made('answer TPM_RC_VALUE at TPM2_RSA_Decrypt'),
  },
  {
    about: 'the TPM is locked out',
    faults: ['fault: code, code: TPM_RC_LOCKOUT, command: TPM2_RSA_Decrypt'],
    cause: made('answer TPM_RC_LOCKOUT'),
  },
  {
    about: 'of two faults the second matters',
    faults: ['fault: slow, ms: 1, command: TPM2_ReadPublic', 'fault: silent, command: TPM2_RSA_Decrypt'],
    cause: made('be silent', 5, 2),
  },
  {
    about: 'the machine is reset',
    faults: ['fault: machine-reset, event: 150'],
    cause: /^When vm asks to become secure, the call never comes back: machine reset \(scenario line 4, fault 1\)\.$/,
  },
  {
    about: 'power is lost',
    faults: ['fault: power-loss, event: 150'],
    cause: /^When vm asks to become secure, the call never comes back: power is lost \(scenario line 4, fault 1\)\.$/,
  },
];

const MISSED: readonly BrokenRun[] = [
  {
    about: 'an attack whose number never comes',
    adversary: ['at: memory, region: kernel, do: flip, byte: 3, occurrence: 7'],
    steps: ['do: boot', 'do: start', 'do: enter-secure-mode, expect: { refusedBy: digest-kernel }'],
    cause:
      /refusedBy is no check refused anything where digest-kernel is expected: rule 1 \(flip at memory\) never struck: it waits for number 7 of such moments, and there were 1 \(line 4\)/,
  },
  {
    about: 'an attack on a command that nobody sends',
    adversary: ['at: tpm-response, command: TPM2_Unseal, do: flip, byte: 3'],
    steps: ['do: boot', 'do: start', 'do: enter-secure-mode, expect: { result: U_NO_KEY }'],
    cause:
      /it succeeds \(secure\), but result is secure where U_NO_KEY.*: rule 1 \(flip at tpm-response\) never struck: no such moment came; nearest at tpm-response: .*\(line 4\)/,
  },
  {
    about: 'a fault that comes too late',
    faults: ['fault: silent, command: TPM2_RSA_Decrypt, occurrence: 2'],
    steps: ['do: boot', 'do: start', 'do: enter-secure-mode, expect: { result: U_NO_KEY }'],
    cause: /fault 1 \(silent\) never struck: it waits for number 2 of TPM2_RSA_Decrypt after host boot, and there were 1 \(line 4\)/,
  },
];

const OWNERS: readonly BrokenRun[] = [
  {
    about: 'another command line',
    guest: 'bootargs: "svm=on"',
    cause:
      /the Ultravisor refuses: SHA-512 of the bootargs .*\(check "digest-bootargs"\)\. To see every check: svm-sim esm verify fixtures\/observed\//,
  },
  {
    about: 'a command line with a newline',
    guest: 'bootargs: "root=/dev/mapper/root_crypt ro svm=on  console=hvc0 \\n"',
    cause:
      /SHA-512 of the bootargs .*\(check "digest-bootargs"\)\. The bootargs would be what was measured without the newline at the end: go on with bootargs "root=/,
  },
  {
    about: 'another kernel',
    guest: 'kernel: ../observed/esm/01-minimal/kernel.bin',
    cause: /the Ultravisor refuses: SHA-512 of the kernel .*\(check "digest-kernel"\)/,
  },
  {
    about: 'another initrd',
    guest: 'initrd: ../observed/esm/03-three-attachments-svm-add/initrd.img',
    cause: /the Ultravisor refuses: SHA-512 of the initrd .*\(check "digest-initrd"\)/,
  },
  {
    about: 'a host that is no recipient',
    host: 'firmware: { wrappingKey: { file: ../observed/esm/01-minimal/tpm1.pem } }',
    cause:
      /no lockbox is for this host's wrapping key .*\(check "lockbox"\)\. The blob is for other recipients; to go on: svm-sim esm authorize -b /,
  },
  {
    about: 'a new host that is no recipient',
    host: 'firmware: { wrappingKey: generated }',
    cause: /\(check "lockbox"\)\. The blob is for other recipients/,
  },
  { about: 'no blob at all', guest: 'esm: null', cause: /no ESM blob in the initrd/ },
  { about: 'no spapr-tpm-proxy', guest: 'tpmProxy: none', cause: /H_TPM_COMM → H_FUNCTION \(-2\): the machine has no spapr-tpm-proxy/ },
  {
    about: 'no secure memory to speak of',
    host: 'securePages: 3',
    cause: /does not give the RTAS pages \(check "rtas-pages"\); UV_PAGE_IN → U_RETRY \(-\d+\): .*no secure memory/,
  },
];

const CALLS: readonly BrokenRun[] = [
  {
    about: 'room for 64 bytes',
    steps: call('op: 1, in_buffer: 0x1000, in_size: 10, out_buffer: 0x2000, out_size: 64'),
    cause: /the answer is H_TPM_COMM → H_P5 \(-58\): out_size < 4096 \(out_size 64 bytes\)\.$/,
  },
  {
    about: 'a command of 5000 bytes',
    steps: call('op: 1, in_buffer: 0x1000, in_size: 5000, out_buffer: 0x2000, out_size: 4096'),
    cause: /H_TPM_COMM → H_P3 \(-56\): in_size > 4096 \(in_size 5000 bytes\)\.$/,
  },
  {
    about: 'an unknown operation',
    steps: call('op: 9, in_buffer: 0x1000, in_size: 10, out_buffer: 0x2000, out_size: 4096'),
    cause: /H_TPM_COMM → H_PARAMETER \(-4\): op is neither EXECUTE nor CLOSE_SESSION \(op 9\)\.$/,
  },
  {
    about: 'a file that no path leads to',
    guest: 'tpmProxy: /nowhere',
    steps: call('op: 1, in_buffer: 0x1000, in_size: 10, out_buffer: 0x2000, out_size: 4096'),
    cause: /H_TPM_COMM → H_RESOURCE \(-16\): host-path cannot be opened/,
  },
  {
    about: 'a page of another size',
    steps: page('ra: 0x10000000, gpa: 0x2000000, order: 12'),
    cause: /the answer is UV_PAGE_IN → U_P5 \(-58\): order is not 16 \(order 12\)\.$/,
  },
];

const EXPECTATIONS: readonly BrokenRun[] = [
  {
    about: 'a refusal is expected of an honest run',
    steps: ['do: boot', 'do: start', 'do: enter-secure-mode, expect: { result: U_PERMISSION }'],
    cause: /^When vm asks to become secure, it succeeds \(secure\), but result is secure where U_PERMISSION/,
  },
  {
    about: 'too little time is allowed',
    steps: ['do: boot', 'do: start', 'do: enter-secure-mode, expect: { takes: { atMostMs: 1 } }'],
    cause: /^When vm asks to become secure, takes is [\d.]+ ms where 0 to 1 ms is expected\.$/,
  },
  {
    about: 'an event must not happen that does',
    steps: ['do: boot', 'do: start', 'do: enter-secure-mode, expect: { never: [{ kind: tpm.command, name: TPM2_RSA_Decrypt }] }'],
    cause: /^When vm asks to become secure, never is it happened at #\d+ where no tpm\.command TPM2_RSA_Decrypt is expected\.$/,
  },
  {
    about: 'the expected refusal comes, and not all that was expected with it',
    guest: 'bootargs: "other"',
    steps: [
      'do: boot',
      'do: start',
      'do: enter-secure-mode, expect: { result: U_PERMISSION, eventually: [{ kind: state, with: { to: SECURE } }] }',
    ],
    cause: /^When vm asks to become secure, eventually is it did not happen where state .* is expected\.$/,
  },
  {
    about: 'another check refuses than the one that is expected',
    guest: 'bootargs: "other"',
    steps: ['do: boot', 'do: start', 'do: enter-secure-mode, expect: { refusedBy: digest-kernel }'],
    cause:
      /^When vm asks to become secure, refusedBy is digest-bootargs where digest-kernel is expected; the Ultravisor refuses: SHA-512 of the bootargs/,
  },
  {
    about: 'a file has other bytes',
    steps: [...TO_SECURE, 'do: get-file, file: rootd, expect: { bytes: { text: other } }'],
    cause: /^When .*rootd.*, it succeeds .*but bytes is \d+ bytes, byte 0 is 0x[0-9a-f]+ where 5 bytes, byte 0 is 0x6f is expected\.$/,
  },
];

export const BROKEN_RUNS: readonly BrokenRun[] = [...RULES, ...FAULTS, ...MISSED, ...OWNERS, ...CALLS, ...EXPECTATIONS];

/** The scenario as a file has it. */
export function scenarioOf({ adversary, faults, guest, host, steps = TO_SECURE }: BrokenRun): string {
  const list = (name: string, entries: readonly string[] | undefined): string =>
    entries ? `${name}:\n${entries.map(entry => `  - { ${entry} }\n`).join('')}` : '';
  const defaults = host === undefined ? '' : `host: { ${host} }\n`;
  return `version: 1\ninclude: _base.yaml\n${list('adversary', adversary)}${list('faults', faults)}${defaults}${guest === undefined ? '' : `# ${guest}\n`}${list('steps', steps)}`;
}
