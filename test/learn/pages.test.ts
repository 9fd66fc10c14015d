import { expect } from 'chai';
import { indexPage, lessonPages, lessons } from '../../src/learn/index.ts';
import { lessonNamed, runsOf } from './played.ts';

describe('The pages of the lessons', () => {
  it('are an index with a link to each lesson', () => {
    const { file, html } = indexPage();
    expect(file).to.equal('index.html');
    for (const [i, { name, title }] of lessons.entries()) {
      expect(html)
        .to.contain(`href="${String(i + 1).padStart(2, '0')}-${name}.html"`)
        .and.contain(title);
    }
  });

  it('hold everything of a lesson, also without scripts, and need nothing else', async () => {
    const lesson = lessonNamed('policies');
    const [page, report] = await lessonPages(lesson, runsOf(lesson), '0');
    for (const { title } of [...lesson.stops, ...lesson.changes]) expect(page?.html).to.contain(title);
    for (const { ask } of lesson.questions) expect(page?.html).to.contain(ask);
    for (const html of [page?.html, report?.html]) {
      expect(html)
        .to.contain("default-src 'none'")
        .and.not.match(/(src|href)="(https?:)?\/\//);
    }
    expect(page?.html.replace(/<script>.*/s, '')).not.to.match(/%[A-Z]+%|\/\*[A-Z]+\*\/|undefined|\[object/);
    expect(page?.html).to.contain(`href="${report?.file}"`);
  });

  it('do not tell the answers to who reads the source, and show no secret', async () => {
    const lesson = lessonNamed('wrapping');
    const runs = runsOf(lesson);
    const [page] = await lessonPages(lesson, runs, '0');
    expect(page?.html).not.to.contain('data-right="no"').and.not.contain('data-right="256"');
    const { events } = await runs.of();
    for (const { kind, sights } of events) {
      if (kind !== 'secret') continue;
      const hex = Buffer.from(sights[0]?.bytes ?? []).toString('hex');
      expect(page?.html).not.to.contain(hex.slice(0, 16));
    }
  });
});
