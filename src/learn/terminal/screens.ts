import type { Actor } from '../../sim/index.ts';
import { fieldLines, inspectedOf, type Line, type Paint } from '../../trace/index.ts';
import { type Answer, choicesOf } from '../answers.ts';
import { asScenario, type Consequence } from '../consequence.ts';
import type { Change, Lesson } from '../lesson.ts';
import type { Knowledge, Moment } from '../moments.ts';
import { paragraph, showBlocks } from './paragraphs.ts';

/** How a person sees it: columns of the terminal, if it is one, and colours. */
export interface Look {
  readonly columns: number | undefined;
  readonly paint: Paint;
}

export const showIntro = ({ title, intro }: Lesson, number: number, { columns, paint }: Look): string =>
  `\n${paint(`Lesson ${number}: ${title}`, 'heading')}\n\n${showBlocks(intro, columns, paint)}`;

export function showMoment({ title, lines, left, text, event }: Moment, place: string, look: Look): string {
  const { columns, paint } = look;
  const more = left > 0 ? [paint(`      ... ${left} ${left === 1 ? 'event' : 'events'} before these`, 'quiet')] : [];
  const shown = lines.map(line => showLine(line, line.seq === event.seq, look));
  return `\n${paint(`${place}  ${title}`, 'heading')}\n\n${[...more, ...shown].join('\n')}\n\n${showBlocks(text, columns, paint)}`;
}

function showLine({ seq, actor, mark, text, tone }: Line, here: boolean, { columns, paint }: Look): string {
  const start = `${here ? '>' : ' '} ${`#${seq}`.padStart(5)}  ${actor.padEnd(11)} ${mark}  `;
  const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(24, columns - start.length - 1);
  const cut = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  return paint(start, here ? 'heading' : 'quiet') + paint(cut, tone === 'plain' && here ? 'heading' : tone);
}

/** The bytes of the moment's event: who sees them, and its fields when it is a message of the TPM. */
export function showBytes({ event }: Moment, { paint }: Look): string {
  const parts = event.sights.map(({ what, bytes, seenBy }, i) => {
    const head = paint(`  ${what}: ${bytes.length} bytes, seen by ${seenBy.join(', ')}`, 'heading');
    if (event.kind === 'secret') return `${head}\n${paint('  (the value of a secret is not shown)', 'quiet')}`;
    const inspected = i === 0 ? inspectedOf(event, bytes) : undefined;
    return inspected ? `${head}\n${fieldLines(inspected).join('\n')}` : head;
  });
  return `${parts.join('\n') || paint('  This event shows no bytes to anybody.', 'quiet')}\n`;
}

const SHORT: Readonly<Partial<Record<Actor, string>>> = { ultravisor: 'UV', hypervisor: 'HYPERVISOR', firmware: 'firmw.' };

/** Who knows which secret: a row each. */
export function showKnowledge({ actors, rows }: Knowledge, { paint }: Look): string {
  if (rows.length === 0) return `${paint('  No secret is born yet.', 'quiet')}\n`;
  const names = actors.map(actor => SHORT[actor] ?? actor);
  const width = Math.max(...rows.map(({ name }) => name.length));
  const head = `  ${''.padEnd(width)}  ${names.join('  ')}`;
  const lines = rows.map(({ name, knows, leaked }) => {
    const cells = knows.map((yes, i) => (yes ? 'yes' : '-').padEnd((names[i] ?? '').length));
    return paint(`  ${name.padEnd(width)}  ${cells.join('  ')}`.trimEnd(), leaked ? 'bad' : 'plain');
  });
  return `${[paint(head, 'quiet'), ...lines].join('\n')}\n`;
}

export function showQuestion(ask: string, answer: Answer, place: string, { columns, paint }: Look): string {
  const choices = (choicesOf(answer) ?? []).map((choice, i) => paragraph(choice, columns, paint, `  ${i + 1}) `));
  return `\n${paint(place, 'heading')}\n${[paragraph(ask, columns, paint), ...choices].join('\n')}\n`;
}

export function showVerdict(right: boolean | null, answer: Answer, { columns, paint }: Look): string {
  const said = right === null ? `No answer. It is: ${answer.right}` : right ? `Right: ${answer.right}` : `No. It is: ${answer.right}`;
  return `  ${paint(said, right ? 'good' : right === null ? 'quiet' : 'bad')}\n${paragraph(answer.why, columns, paint)}\n`;
}

export function showThink({ title, think }: Change, { columns, paint }: Look): string {
  return `\n${paint(title, 'heading')}\n${paragraph(think, columns, paint)}\n`;
}

/** What became of a change: as scenario, where the runs part, each step, each invariant, and what it teaches. */
export function showConsequence(
  change: Change,
  { parts, steps, notRun, invariants }: Consequence,
  follows: readonly string[],
  look: Look,
): string {
  const { columns, paint } = look;
  const scenario = asScenario(change)
    .split('\n')
    .map(line => paint(`      ${line}`, 'quiet'));
  const parting = parts
    ? [`  The runs part at #${parts.seq}.`, `      before  ${parts.before}`, `      now     ${parts.now}`]
    : ['  The course of events is the same.'];
  const results = [...steps, ...invariants.map(({ ok, name, text }) => ({ ok, text: `${name}: ${text}` }))];
  const lines = results.map(({ ok, text }) =>
    paint(
      paragraph(text, columns, (words: string) => words, ok ? '✓ ' : '✗ '),
      ok ? 'plain' : 'bad',
    ),
  );
  const rest = notRun > 0 ? [paint(`    (${notRun} more ${notRun === 1 ? 'step was' : 'steps were'} not run)`, 'quiet')] : [];
  return `\n${[...scenario, '', ...parting, '', ...lines, ...rest].join('\n')}\n\n${showBlocks(follows, columns, paint)}`;
}

export const showConclusion = ({ conclusion }: Lesson, { columns, paint }: Look): string =>
  `\n${paint('What you can say now', 'heading')}\n${conclusion.map(text => paragraph(text, columns, paint, '* ')).join('\n')}\n`;
