import type { AnyEvent } from '../../sim/index.ts';

/** `1 byte`, `4096 bytes`. */
export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Microseconds, with the unit that a person reads them in. */
export const showMs = (microseconds: number): string => `${(microseconds / 1000).toFixed(3)} ms`;

/** Virtual time of an event as a person reads it. */
export const showTime = ({ virtualTimeNs }: AnyEvent): string => showMs(Number(virtualTimeNs / 1000n));

/** Whether the hypervisor sees bytes of these events (●), or there are only bytes that it does not see (○), or none. */
export function sightMark(...events: readonly AnyEvent[]): '●' | '○' | ' ' {
  const shown = events.flatMap(({ sights }) => sights).filter(({ bytes }) => bytes.length > 0);
  if (shown.length === 0) return ' ';
  return shown.some(({ seenBy }) => seenBy.includes('hypervisor')) ? '●' : '○';
}
