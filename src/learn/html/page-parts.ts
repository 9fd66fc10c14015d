import { escapeHtml, fieldsOf } from '../../trace/index.ts';
import { type Answer, choicesOf } from '../answers.ts';
import { asScenario, type Consequence } from '../consequence.ts';
import type { Change } from '../lesson.ts';
import type { Knowledge, Moment } from '../moments.ts';
import { blocks, coded, inline } from './markup.ts';

const details = (summary: string, body: string, rest = ''): string =>
  `<details${rest}><summary>${escapeHtml(summary)}</summary>\n${body}\n</details>`;

const table = (kind: string, head: readonly string[], rows: readonly string[]): string =>
  `<div class="scroll"><table class="${kind}"><thead><tr>${head.map(cell => `<th scope="col">${escapeHtml(cell)}</th>`).join('')}</tr></thead>` +
  `<tbody>${rows.join('\n')}</tbody></table></div>`;

/** A stop: the events that led to it, what it means, its bytes, and who knows what by then. */
export function stopPart({ title, event, lines, left, text }: Moment, knowledge: Knowledge): string {
  const events = lines.map(
    ({ seq, actor, mark, text: what, tone }) =>
      `<li${seq === event.seq ? ' class="here"' : ''}><span class="number">#${seq}</span><span class="who">${actor}</span>` +
      `<span>${mark}</span><span class="what tone-${tone}">${escapeHtml(what)}</span></li>`,
  );
  const more = left > 0 ? `<p class="left">... ${left} ${left === 1 ? 'event' : 'events'} before these</p>` : '';
  return [
    `<article class="stop"><h3>${inline(title)}</h3>`,
    more,
    `<ol class="events">${events.join('\n')}</ol>`,
    blocks(text),
    bytesPart({ event }),
    knowledge.rows.length > 0 ? details('Who knows which secret by now', knowledgeTable(knowledge)) : '',
    '</article>',
  ].join('\n');
}

/** The bytes of an event, field by field when they are a message of the TPM; values of secrets are for those who know them. */
function bytesPart({ event }: Pick<Moment, 'event'>): string {
  if (event.kind === 'secret' || event.sights.length === 0) return '';
  const parts = event.sights.map(({ what, bytes, seenBy }, i) => {
    const head = `<p>${escapeHtml(what)}: ${bytes.length} bytes, seen by ${seenBy.join(', ')}.</p>`;
    const fields = i === 0 ? fieldsOf(event) : [];
    if (fields.length === 0) return head;
    const rows = fields.map(
      ({ path, offset, length, text }) =>
        `<tr><td>${offset}</td><td>${length}</td><td>${escapeHtml(path)}</td><td>${escapeHtml(cut(text ?? ''))}</td></tr>`,
    );
    return head + table('fields', ['byte', 'length', 'field', 'value'], rows);
  });
  return details('The bytes of this event', parts.join('\n'));
}

const cut = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}...` : text);

export function knowledgeTable({ actors, rows }: Knowledge): string {
  const body = rows.map(({ name, knows, leaked }) => {
    const cells = knows.map((yes, i) => `<td class="${yes ? 'yes ' : ''}${actors[i]}">${yes ? 'yes' : '–'}</td>`);
    return `<tr${leaked ? ' class="leaked"' : ''}><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`;
  });
  return table('knowledge', ['secret', ...actors], body);
}

export function questionPart(ask: string, answer: Answer, number: number): string {
  const choices = choicesOf(answer);
  const given = choices
    ? choices
        .map(
          choice =>
            `<label class="choice"><input type="radio" name="answer" value="${escapeHtml(choice)}"><span>${escapeHtml(choice)}</span></label>`,
        )
        .join('\n')
    : '<input type="text" name="answer" aria-label="Your answer" autocomplete="off" spellcheck="false">';
  return `<form class="question" data-right="${coded(answer.right)}" data-why="${coded(answer.why)}">
<fieldset><legend>${number}. ${inline(ask)}</legend>
${given}
<div class="ask"><button type="submit">Check</button> <button type="button" class="show">Show the answer</button></div>
</fieldset>
<p class="verdict" role="status" hidden></p>
</form>`;
}

/** Something to change: first to be thought about, then done. */
export function changePart(change: Change, { parts, steps, notRun, invariants }: Consequence, follows: readonly string[]): string {
  const results = [...steps, ...invariants.map(({ ok, name, text }) => ({ ok, text: `${name}: ${text}` }))].map(
    ({ ok, text }) => `<li class="tone-${ok ? 'plain' : 'bad'}"><span>${ok ? '✓' : '✗'}</span><span>${escapeHtml(text)}</span></li>`,
  );
  if (notRun > 0)
    results.push(
      `<li class="tone-quiet"><span></span><span>${notRun} more ${notRun === 1 ? 'step was' : 'steps were'} not run</span></li>`,
    );
  const parting = parts
    ? `<p>The runs part at #${parts.seq}. Before: <code>${escapeHtml(parts.before)}</code> Now: <code>${escapeHtml(parts.now)}</code></p>`
    : '<p>The course of events is the same.</p>';
  const body = [
    parting,
    `<ul class="results">${results.join('\n')}</ul>`,
    blocks(follows),
    details('As a scenario file', `<pre>${escapeHtml(asScenario(change))}</pre>`),
  ];
  return details(change.title, `<p>${inline(change.think)}</p>\n${details('Do it', body.join('\n'), ' class="done"')}`, ' class="change"');
}
