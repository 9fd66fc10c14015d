import type { AnyEvent } from '../../sim/index.ts';
import { type CheckName, checks } from '../../ultravisor/index.ts';

/** What the check of an event is for, from its declaration; undefined where there is none, as for checks of a guest. */
export function explanationOf(event: AnyEvent): readonly (readonly [string, string])[] | undefined {
  if (event.kind !== 'check') return undefined;
  const check = checks.get(event.data.name as CheckName);
  if (!check) return undefined;
  const { about, source, calls, leftOut } = check;
  return [
    ['Looks at', about],
    ['Made in', calls.join(', ')],
    ...(leftOut ? [['Left out by', `${leftOut.by.join(', ')}: ${leftOut.why}`] as const] : []),
    ['Source', source],
  ];
}
