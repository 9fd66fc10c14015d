import type { Row } from '../data/event-rows.ts';
import { byId, el } from '../parts/dom.ts';

const MOST = 400;

/** Marks over the slider: where steps begin, and where the adversary acts or something is refused. */
export function showTicks(rows: readonly Row[]): void {
  const last = Math.max(1, rows.length - 1);
  const marks = rows.flatMap((row, i) => {
    const kind = markOf(row);
    return kind ? [el('i', { class: kind, style: `left:${(i / last) * 100}%` })] : [];
  });
  byId('ticks').replaceChildren(...marks.slice(0, MOST));
}

function markOf({ event }: Row): string {
  if (event?.k === 'step.start') return 'step';
  return event?.k === 'adversary' || (event?.k === 'check' && event.n === 'bad') ? 'bad' : '';
}
