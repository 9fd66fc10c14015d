import type { AnyEvent } from '../../sim/index.ts';

/** Virtual time as a person reads it. */
export const showTime = ({ virtualTimeNs }: AnyEvent): string => `${(Number(virtualTimeNs / 1000n) / 1000).toFixed(3)} ms`;

/** Whether the hypervisor sees bytes of an event (●), or there are only bytes that it does not see (○), or none. */
export function sightMark({ sights }: AnyEvent): '●' | '○' | ' ' {
  const shown = sights.filter(({ bytes }) => bytes.length > 0);
  if (shown.length === 0) return ' ';
  return shown.some(({ seenBy }) => seenBy.includes('hypervisor')) ? '●' : '○';
}

/** How deep an event stands below what caused it; a return stands where its call does. */
export class Depths {
  readonly #depths = new Map<number, number>();

  of({ seq, cause, kind }: AnyEvent): number {
    const above = cause === null ? -1 : (this.#depths.get(cause) ?? -1);
    const depth = kind.endsWith('.return') ? Math.max(0, above) : above + 1;
    this.#depths.set(seq, depth);
    return depth;
  }
}
