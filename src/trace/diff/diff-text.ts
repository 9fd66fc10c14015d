import type { AnyEvent } from '../../sim/index.ts';
import { render } from '../event/event-kinds.ts';
import { chain } from '../show/event-in-full.ts';
import type { Paint } from '../show/paint.ts';
import type { TracedRun } from '../stream/trace-reader.ts';
import type { Difference, RunDiff } from './run-diff.ts';

const CONTEXT = 3;

/** Where two runs part, and why, in words. */
export function showDiff(diff: RunDiff, a: TracedRun, b: TracedRun, paint: Paint): string {
  const lines: string[] = [];
  if (diff.about.length > 0) lines.push(paint('The runs were not started alike:', 'heading'), ...pairs(diff.about), '');
  if (!diff.first) {
    lines.push(paint(`The same ${a.events.length} events, byte for byte.`, 'good'));
    return `${lines.join('\n')}\n`;
  }
  if (diff.first.index !== diff.course?.index) {
    lines.push(paint(`Values differ first at event ${numberOf(diff.first)}:`, 'heading'), ...both(diff.first, paint), '');
  }
  if (diff.course) {
    lines.push(paint(`The runs part at event ${numberOf(diff.course)}. Until then the same happened:`, 'heading'));
    const before = a.events.slice(Math.max(0, diff.course.index - CONTEXT), diff.course.index);
    lines.push(...before.map(event => paint(`    ${line(event)}`, 'quiet')), ...both(diff.course, paint));
    lines.push(...why(diff.course, a, b));
  } else
    lines.push(
      paint(`The same happened in both: ${a.events.length} events of the same kinds, by the same actors, with the same outcomes.`, 'good'),
    );
  return `${lines.join('\n')}\n`;
}

const numberOf = ({ a, b }: Difference): string => (a && b && a.seq !== b.seq ? `#${a.seq} | #${b.seq}` : `#${(a ?? b)?.seq}`);
const line = (event: AnyEvent): string => `#${event.seq} ${event.actor}: ${render(event).text}`;
const pairs = (fields: readonly string[]): string[] => fields.map(field => `    ${field}`);

function both({ a, b, fields }: Difference, paint: Paint): string[] {
  return [paint(`  A ${a ? line(a) : 'has ended'}`, 'good'), paint(`  B ${b ? line(b) : 'has ended'}`, 'bad'), ...pairs(fields)];
}

/** What led there, and what may have made the difference: acts of the adversary and refusals before it. */
function why({ a, b, index }: Difference, runA: TracedRun, runB: TracedRun): string[] {
  const lines = (['A', 'B'] as const).flatMap(name => {
    const [event, run] = name === 'A' ? [a, runA] : [b, runB];
    const causes = event ? chain(event, run.events) : [];
    return causes.length === 0
      ? []
      : [`  ${name} was in the course of ${causes.map(cause => `#${cause.seq} ${render(cause).text}`).join(' > ')}`];
  });
  for (const [name, run] of [
    ['A', runA],
    ['B', runB],
  ] as const) {
    const notable = run.events
      .slice(0, index + 1)
      .filter(event => event.kind === 'adversary' || (event.kind === 'check' && !event.data.ok));
    lines.push(...notable.map(event => `  ${name} had before: ${line(event)}`));
  }
  return lines;
}
