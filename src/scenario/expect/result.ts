import { z } from 'zod';
import type { StepResult } from '../run/step-outcome.ts';
import { codeNames, codeOf, showCode } from './code-names.ts';
import { expectation } from './expectation.ts';

const WORDS = ['ok', 'secure', 'refused', 'never returns'] as const;

export const result = expectation({
  schema: z
    .enum([...WORDS, ...codeNames])
    .describe(
      'How the step comes out: `ok`, `secure` (the VM became a Secure VM; UV_ESM does not return then), `refused` (it cannot be done, and the report says why), `never returns`, or the name of the ' +
        'code that the caller finds in r3, such as U_PERMISSION or H_PARAMETER. Names of one number are the same to the caller.',
    ),
  check(wanted, { outcome: { result: actual } }) {
    if (holds(wanted, actual)) return undefined;
    const secure = actual.kind === 'secure' && wanted.endsWith('_SUCCESS');
    const hint = secure ? 'UV_ESM does not return when it succeeds: write "result: secure".' : undefined;
    return { expected: showWanted(wanted), actual: showResult(actual), ...(hint ? { hint } : {}) };
  },
});

function holds(wanted: string, actual: StepResult): boolean {
  switch (actual.kind) {
    case 'ok':
      return wanted === 'ok' || wanted === 'U_SUCCESS' || wanted === 'H_SUCCESS';
    case 'secure':
    case 'refused':
      return wanted === actual.kind;
    case 'never':
      return wanted === 'never returns';
    case 'code':
      return codeOf(wanted) === Number(actual.r3);
  }
}

function showWanted(wanted: string): string {
  const code = codeOf(wanted);
  return code === undefined ? wanted : showCode(wanted, BigInt(code));
}

/** A result as a person reads it. */
export function showResult(actual: StepResult): string {
  switch (actual.kind) {
    case 'ok':
    case 'secure':
      return actual.kind;
    case 'refused':
      return `refused (${actual.why})`;
    case 'never':
      return `never returns (${actual.how})`;
    case 'code':
      return showCode(actual.r3Name, actual.r3);
  }
}
