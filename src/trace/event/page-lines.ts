import { hex } from '../../bytes/index.ts';
import type { EventData } from '../../sim/index.ts';

const PAGE_BYTES = 0x1_0000n;
type Move = EventData['page'];

/** `page 0x30000: SECURE → SHARED (UV_SHARE_PAGE)`. */
export const pageLine = (move: Move): string => `page ${hex(move.gpa)}: ${told([move])}`;

/** Many moves, each page's one after the other put together, and pages that went the same way on one line. */
export function pageLines(moves: readonly Move[]): readonly string[] {
  const ways = new Map<bigint, Move[]>();
  for (const move of moves) {
    const way = ways.get(move.gpa);
    if (way) way.push(move);
    else ways.set(move.gpa, [move]);
  }
  const groups = new Map<string, bigint[]>();
  for (const [gpa, way] of ways) {
    const text = told(way);
    const group = groups.get(text);
    if (group) group.push(gpa);
    else groups.set(text, [gpa]);
  }
  return [...groups].map(([text, gpas]) => `${which(gpas)}: ${text}`);
}

/** The states that a page went through, and why at last. */
function told(way: readonly Move[]): string {
  const states: string[] = [];
  for (const { from, to } of way) for (const state of [from, to]) if (states.at(-1) !== state) states.push(state);
  const why = way.at(-1)?.why;
  return `${states.join(' → ')}${why ? ` (${why})` : ''}`;
}

function which(gpas: readonly bigint[]): string {
  const sorted = [...gpas].sort((a, b) => (a < b ? -1 : 1));
  const [low = 0n, high = 0n] = [sorted[0], sorted.at(-1)];
  if (sorted.length === 1) return `page ${hex(low)}`;
  const whole = high - low === PAGE_BYTES * BigInt(sorted.length - 1);
  return `${sorted.length} pages ${whole ? '' : 'between '}${hex(low)}..${hex(high + PAGE_BYTES - 1n)}`;
}
