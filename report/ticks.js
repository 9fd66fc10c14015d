import { byId, el } from './dom.js';

/** Marks over the slider: where steps begin, and where the adversary acts or something is refused. @param {import('./rows.js').Row[]} rows */
export function showTicks(rows) {
  const last = Math.max(1, rows.length - 1);
  const marks = rows.flatMap(({ event }, i) => {
    const kind = !event
      ? ''
      : event.k === 'step.start'
        ? 'step'
        : event.k === 'adversary' || (event.k === 'check' && event.n === 'bad')
          ? 'bad'
          : '';
    return kind ? [el('i', { class: kind, style: `left:${(i / last) * 100}%` })] : [];
  });
  byId('ticks').replaceChildren(...marks.slice(0, 400));
}
