import type { z } from 'zod';
import { SimulatorError } from '../sim/index.ts';

/**
 * The recording, checked.
 * @throws {SimulatorError} with the first field that is not as the format wants it.
 */
export function checkRecording<T>(schema: z.ZodType<T>, file: string, json: unknown, described: string): T {
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const issue = deepest(error.issues[0] as z.core.$ZodIssue);
  throw new SimulatorError('conform.recording', {
    where: `${file}: ${issue.path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i ? '.' : ''}${String(step)}`)).join('')}`,
    what: issue.message,
    hint: `The fields are described in ${described}.`,
  });
}

/** Of the branches of a union, the complaint of the one that got furthest. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flatMap(([first]) => (first ? [deepest(first)] : [])).sort((a, b) => b.path.length - a.path.length)[0];
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue;
}
