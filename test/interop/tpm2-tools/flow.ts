/** What a user of a TPM does with real programs, as data: shell lines, each with what is expected of it. */
export interface Flow {
  readonly name: string;
  /** Whose programs: tpm2-tools, or IBM's TSS. */
  readonly by: 'tpm2-tools' | 'tss';
  readonly steps: readonly Step[];
}

/** A line that must succeed; one that must fail, with a TPM code; one whose output must match; two files that must be the same. */
export type Step =
  | string
  | { readonly fails: string; readonly with: string }
  | { readonly prints: string; readonly like: string }
  | { readonly same: readonly [string, string] };

export const flow = (name: string, ...steps: readonly Step[]): Flow => ({ name, by: 'tpm2-tools', steps });
export const tssFlow = (name: string, ...steps: readonly Step[]): Flow => ({ name, by: 'tss', steps });
/** @param code an extended regular expression for the code in hex, as the program prints it. */
export const fails = (code: string, command: string): Step => ({ fails: command, with: code });
export const prints = (like: string, command: string): Step => ({ prints: command, like });
export const same = (one: string, other: string): Step => ({ same: [one, other] });

/** Tools that load objects leave them in the TPM's few slots, as there is no resource manager. */
const LEAVES_OBJECTS =
  /tpm2_(create|load|import|sign|rsa|unseal|hmac|hash|encryptdecrypt|ecdh|quote|certify|gettime|activate|make|duplicate|changeauth|evict|readpublic|verify|policysigned|policysecret|policyauthorize|nvcertify|getsession|getcommand|start|print|checkquote|commit|zgen|ecephemeral)/;

/** The flow as a script of bash; it stops at the first step that is not as expected, and says which. */
export function scriptOf({ steps }: Flow): string {
  const lines = ['trap \'echo "at: $step" >&2\' ERR', 'set -eE -o pipefail'];
  for (const step of steps) {
    const command = commandOf(step);
    lines.push(`step=${quoted(command)}`, ...linesOf(step));
    if (LEAVES_OBJECTS.test(command)) lines.push('tpm2_flushcontext -t');
  }
  return `${lines.join('\n')}\n`;
}

function commandOf(step: Step): string {
  if (typeof step === 'string') return step;
  if ('fails' in step) return step.fails;
  return 'prints' in step ? step.prints : `cmp ${step.same.join(' ')}`;
}

function linesOf(step: Step): readonly string[] {
  if (typeof step === 'string') return [`{ ${step}; } >out 2>err || { cat out err >&2; false; }`];
  if ('fails' in step)
    return [
      `if { ${step.fails}; } >out 2>&1; then echo 'it did not fail' >&2; false; fi`,
      `grep -qiE ${quoted(step.with)} out || { cat out >&2; false; }`,
    ];
  if ('prints' in step)
    return [
      `{ ${step.prints}; } >out 2>err || { cat out err >&2; false; }`,
      `grep -qE ${quoted(step.like)} out || { cat out >&2; false; }`,
    ];
  return [`cmp ${step.same.map(quoted).join(' ')} >&2`];
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
