import { builtPage, escapeHtml, FORMAT_VERSION, toReport } from '../../trace/index.ts';
import { consequenceOf } from '../consequence.ts';
import type { Lesson } from '../lesson.ts';
import type { Runs } from '../lesson-runs.ts';
import { lessons } from '../lessons/index.ts';
import { knowledgeAt, momentsOf } from '../moments.ts';
import { blocks, inline } from './markup.ts';
import { changePart, knowledgeTable, questionPart, stopPart } from './page-parts.ts';

/** A file of the lessons' folder. */
export interface Page {
  readonly file: string;
  readonly html: string;
}

const fileOf = (lesson: Lesson): string => `${String(lessons.indexOf(lesson) + 1).padStart(2, '0')}-${lesson.name}.html`;
const runFileOf = (lesson: Lesson): string => fileOf(lesson).replace('.html', '.run.html');

export function indexPage(): Page {
  const items = lessons.map(
    (lesson, i) =>
      `<li><a href="${fileOf(lesson)}"><span class="n">${i + 1}</span><strong>${escapeHtml(lesson.title)}</strong><small>${escapeHtml(lesson.line)}</small></a></li>`,
  );
  const main = `<h1>How a virtual machine becomes a Secure VM</h1>
<p class="line">${lessons.length} lessons on IBM POWER9 with the Protected Execution Facility: who holds which key at each moment, what the hypervisor sees, and why it cannot use it.</p>
<ul class="lessons">
${items.join('\n')}
</ul>
<p>What you see are runs of svm-sim, a simulator; everything in them was computed, byte by byte, when these pages were written. It is a simulation: it runs no real VM and protects nothing.</p>`;
  return { file: 'index.html', html: page('Lessons', nav(undefined), main, '<span>In a terminal: <code>svm-sim learn 1</code></span>') };
}

/** A lesson, and the report of its runs: every event of them. */
export async function lessonPages(lesson: Lesson, runs: Runs, simulator: string): Promise<readonly Page[]> {
  const own = await runs.of();
  const questions = await Promise.all(
    lesson.questions.map(async ({ ask, about, answer }, i) => questionPart(ask, answer(await runs.about(about), own), i + 1)),
  );
  const changed = await Promise.all(lesson.changes.map(async change => ({ change, run: await runs.of(change) })));
  const number = lessons.indexOf(lesson) + 1;
  const main = [
    `<h1>${number}. ${escapeHtml(lesson.title)}</h1>`,
    `<p class="line">${escapeHtml(lesson.line)}</p>`,
    blocks(lesson.intro),
    '<h2>The run</h2>',
    '<div class="steps" id="steps" hidden><button type="button" id="back" title="Back ( ← )" aria-label="One moment back">←</button>' +
      '<button type="button" id="next" title="Next ( → )" aria-label="One moment forward">→</button><output id="place"></output></div>',
    ...momentsOf(lesson, own).map(moment => stopPart(moment, knowledgeAt(own, moment.event.seq))),
    `<p><a href="${runFileOf(lesson)}">The whole run, event by event</a>, with every byte, from each point of view.</p>`,
    '<h2>Who knows what at the end</h2>',
    knowledgeTable(knowledgeAt(own, own.events.length)),
    '<h2>Questions</h2>',
    ...questions,
    '<h2>Change something</h2>',
    ...changed.map(({ change, run }) => changePart(change, consequenceOf(run, own), change.follows(run, own))),
    '<h2>What you can say now</h2>',
    `<ul>${lesson.conclusion.map(text => `<li>${inline(text)}</li>`).join('\n')}</ul>`,
  ].join('\n');
  const [before, after] = [lessons[number - 2], lessons[number]];
  const foot = [
    before ? `<a href="${fileOf(before)}">← ${escapeHtml(before.title)}</a>` : '<a href="index.html">All lessons</a>',
    after ? `<a href="${fileOf(after)}">${escapeHtml(after.title)} →</a>` : '<a href="index.html">All lessons</a>',
  ].join('\n');
  const named = changed.map(({ change, run }) => ({ ...run.traced, about: { ...run.traced.about, title: change.title } }));
  const report = toReport({ header: { format: 'svm-sim trace', version: FORMAT_VERSION, simulator }, runs: [own.traced, ...named] });
  return [
    { file: fileOf(lesson), html: page(lesson.title, nav(lesson), main, foot) },
    { file: runFileOf(lesson), html: report },
  ];
}

function nav(here: Lesson | undefined): string {
  const links = lessons.map(
    (lesson, i) =>
      `<a href="${fileOf(lesson)}" title="${escapeHtml(lesson.title)}"${lesson === here ? ' aria-current="page"' : ''}>${i + 1}</a>`,
  );
  return `<nav aria-label="Lessons"><a href="index.html"${here ? '' : ' aria-current="page"'}>Lessons</a>${links.join('')}</nav>`;
}

function page(title: string, navigation: string, main: string, foot: string): string {
  return builtPage('lesson', { TITLE: escapeHtml(title), NAV: navigation, MAIN: main, FOOT: foot });
}
