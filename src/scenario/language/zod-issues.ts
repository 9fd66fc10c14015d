import type { z } from 'zod';
import { nearest } from '../../sim/index.ts';
import { didYouMean, type KeyPath, type Problem } from './problem.ts';
import { keysAt } from './schema-walk.ts';
import type { Source } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;

/** What the schema found, in words, at its place in the file. */
export function problemsOf(source: Pick<Source, 'problem'>, schema: z.ZodType, value: unknown, issues: readonly Issue[]): Problem[] {
  return withoutFollowers(issues).flatMap(issue => problems(issue, []));

  function problems(issue: Issue, above: KeyPath): Problem[] {
    const path = [...above, ...(issue.path as (string | number)[])];
    const given = at(value, path);
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map(key => {
          const known = keysAt(schema, value, path);
          const free = known.filter(other => (given as Readonly<Record<string, unknown>>)[other] === undefined);
          if (!known.includes(key)) return source.problem(path, `there is no field "${key}" here`, didYouMean(key, free, known), key);
          const others = Object.keys(given as object).filter(other => other !== key && known.includes(other));
          return source.problem(path, `"${key}" cannot stand beside ${list(others.map(other => `"${other}"`))}`, undefined, key);
        });
      case 'invalid_type':
        if (given === undefined) return [source.problem(path, `the field "${String(path.at(-1))}" is missing`)];
        return [source.problem(path, `this is ${kindOf(given)}, not ${EXPECTED[issue.expected] ?? issue.expected}`)];
      case 'invalid_value': {
        const words = issue.values.map(String);
        if (given === undefined)
          return [source.problem(path, `the field "${String(path.at(-1))}" is missing`, `It must be ${list(words)}.`)];
        return [source.problem(path, `"${show(given)}" is not allowed here`, didYouMean(String(given), words))];
      }
      case 'invalid_union':
        return union(issue, path, given);
      case 'too_small':
        return [source.problem(path, issue.origin === 'array' ? 'the list is empty' : `too small: at least ${issue.minimum}`)];
      case 'too_big':
        return [source.problem(path, `too big: at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`)];
      case 'invalid_format':
        return [source.problem(path, issue.format === 'regex' ? `"${show(given)}" ${issue.message}` : issue.message)];
      default:
        return [source.problem(path, issue.message)];
    }
  }

  function union(issue: Issue & { code: 'invalid_union' }, path: KeyPath, given: unknown): Problem[] {
    if (issue.errors.length === 0) {
      // A discriminated union whose tag is not known.
      const tag = path.at(-1) as string;
      const words = ((issue as { options?: readonly unknown[] }).options ?? []).map(String);
      if (given === undefined) return [source.problem(path, `the field "${tag}" is missing`, `It must be ${list(words)}.`)];
      return [source.problem(path, `there is no "${tag}: ${show(given)}"`, didYouMean(String(given), words))];
    }
    // The member that was meant is the one that got furthest: wrong in a part of it, not in its kind.
    const meant = issue.errors
      .filter(errors => !errors.some(error => error.path.length === 0 && error.code === 'invalid_type'))
      .sort((a, b) => strangeness(a) - strangeness(b))[0];
    const [only] = meant ?? [];
    if (only?.code === 'invalid_value' && only.path.length === 0) {
      const keys = keysAt(schema, {}, path);
      const hint = [
        didYouMean(String(given), only.values.map(String)),
        keys.length ? `Or a mapping with ${list(keys.map(key => `"${key}"`))}.` : '',
      ];
      return [source.problem(path, `"${show(given)}" is not allowed here`, hint.join(' ').trim())];
    }
    if (meant) return meant.flatMap(error => problems(error, path));
    if (given === undefined) return [source.problem(path, `the field "${String(path.at(-1))}" is missing`)];
    const kinds = issue.errors.flatMap(errors =>
      errors.flatMap(error => (error.code === 'invalid_type' ? [EXPECTED[error.expected] ?? error.expected] : [])),
    );
    return [source.problem(path, `this is ${kindOf(given)}, not ${list(kinds)}`)];
  }
}

/** A field that is missing because its name is misspelt is told once. */
function withoutFollowers(issues: readonly Issue[]): readonly Issue[] {
  const strange = issues.flatMap(issue =>
    issue.code === 'unrecognized_keys' ? issue.keys.map(key => ({ at: issue.path.join(), key })) : [],
  );
  return issues.filter(issue => {
    const missing = issue.code === 'invalid_type' && /received undefined/.test(issue.message) ? String(issue.path.at(-1)) : undefined;
    const at = issue.path.slice(0, -1).join();
    return missing === undefined || !strange.some(other => other.at === at && nearest(other.key, [missing]) !== undefined);
  });
}

/** How little a value looks like a member of a union: foreign keys count more than missing ones. */
const strangeness = (errors: readonly z.core.$ZodIssue[]): number =>
  errors.reduce((sum, error) => sum + (error.code === 'unrecognized_keys' ? 2 * error.keys.length : error.path.length === 0 ? 3 : 1), 0);

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  object: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
};

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object'
    ? 'a mapping'
    : typeof value === 'string'
      ? 'text'
      : `${typeof value === 'number' ? 'the number' : ''} ${show(value)}`.trim();
}

const show = (value: unknown): string => (typeof value === 'object' ? kindOf(value) : String(value));

const at = (value: unknown, path: KeyPath): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Readonly<Record<string | number, unknown>> | null | undefined)?.[key], value);

function list(words: readonly string[]): string {
  const all = [...new Set(words)];
  return all.length > 1 ? `${all.slice(0, -1).join(', ')} or ${all.at(-1)}` : (all[0] ?? '');
}
