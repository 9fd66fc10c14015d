import { expect } from 'chai';
import { choicesOf, isRight } from '../../src/learn/answers.ts';
import { asScenario, consequenceOf } from '../../src/learn/consequence.ts';
import { lessons, Runs } from '../../src/learn/index.ts';
import { knowledgeAt, momentsOf } from '../../src/learn/moments.ts';
import { runsOf } from './played.ts';

const NUMBERS = 3;

describe('The lessons', () => {
  it('are eight to ten, with names and lines of their own', () => {
    expect(lessons.length).to.be.within(8, 10);
    expect(new Set(lessons.map(({ name }) => name)).size).to.equal(lessons.length);
    for (const { name, line } of lessons) {
      expect(name).to.match(/^[a-z-]+$/);
      expect(line).to.match(/^[^\n]{20,80}$/);
    }
  });

  for (const lesson of lessons) {
    describe(lesson.name, () => {
      const runs = runsOf(lesson);

      it('runs as it is meant to, and comes by every stop in the order of its telling', async () => {
        const own = await runs.of();
        expect(own.report.ok, own.report.steps.map(({ why }) => why?.sentence ?? '').join(' ')).to.equal(true);
        const moments = momentsOf(lesson, own);
        expect(moments.map(({ title }) => title)).to.deep.equal(lesson.stops.map(({ title }) => title));
        for (const { text, lines, event } of moments) {
          const said = text.map(block => (typeof block === 'string' ? block : block.pre)).join(' ');
          expect(said).not.to.match(/undefined|null|NaN|\(nothing\)|\[object/);
          expect(said.length).to.be.greaterThan(20);
          expect(
            lines.map(({ seq }) => seq),
            'the event itself is shown',
          ).to.include(event.seq);
        }
      });

      it('asks two or more questions; each takes the right answer and refuses every wrong one', async () => {
        expect(lesson.questions.length).to.be.greaterThan(1);
        const own = await runs.of();
        for (const { ask, about, answer } of lesson.questions) {
          const found = answer(await runs.about(about), own);
          expect(found.right, ask)
            .to.match(/\S/)
            .and.not.match(/undefined|NaN|^none$|^nothing$/);
          expect(found.why, ask)
            .to.match(/\S/)
            .and.not.match(/undefined|NaN/);
          expect(isRight(found, found.right), ask).to.equal(true);
          expect(isRight(found, ` ${found.right.toUpperCase()} `), ask).to.equal(true);
          expect(isRight(found, ''), ask).to.equal(false);
          expect(isRight(found, 'something else'), ask).to.equal(false);
          const choices = choicesOf(found);
          if (choices) {
            expect(choices.length, ask).to.be.greaterThan(1);
            expect(new Set(choices).size, ask).to.equal((found.wrong ?? []).length + 1);
            choices.forEach((choice, i) => {
              expect(isRight(found, choice), `${ask} ${choice}`).to.equal(choice === found.right);
              expect(isRight(found, String(i + 1)), `${ask} ${i + 1}`).to.equal(choice === found.right);
            });
          } else for (let n = 1; n <= NUMBERS; n++) expect(isRight(found, String(Number(found.right) + n)), ask).to.equal(false);
        }
      });

      it('lets something be changed, and what follows differs from before', async () => {
        expect(lesson.changes.length).to.be.greaterThan(1);
        const own = await runs.of();
        for (const change of lesson.changes) {
          const changed = await runs.of(change);
          const said = change.follows(changed, own).join(' ');
          expect(said, change.name)
            .to.match(/\S/)
            .and.not.match(/undefined|NaN|\[object/);
          expect(asScenario(change), change.name).to.match(/\S/);
          const { parts, steps, invariants } = consequenceOf(changed, own);
          const broken = changed.report.invariants.some(({ ok }) => !ok) || steps.some(({ ok }) => !ok);
          const otherBytes = JSON.stringify(knowledgeAt(own, 1e9)) !== JSON.stringify(knowledgeAt(changed, 1e9));
          const otherSeed = change.seed !== undefined;
          expect(parts !== undefined || broken || otherBytes || otherSeed, `${change.name} changes nothing`).to.equal(true);
          expect(steps.length + invariants.length).to.be.greaterThan(0);
        }
      });
    });
  }

  it('have answers of the run, not of the text: another run gives others', async () => {
    const lesson = lessons.find(({ name }) => name === 'tpm-object');
    if (!lesson) throw new Error('the first lesson is gone');
    const names = await Promise.all(
      ['7', '8'].map(async seed =>
        momentsOf(lesson, await new Runs(lesson, { seed }).of())
          .at(-1)
          ?.text.join(),
      ),
    );
    expect(names[0]).not.to.equal(names[1]);

    const view = lessons.find(({ name }) => name === 'hypervisor-view');
    const [count] = view?.questions ?? [];
    if (!view || !count) throw new Error('the lesson on the view is gone');
    const fewer = new Runs({ ...view, scenario: { ...view.scenario, host: { profile: 'published' } } });
    const [own, other] = [await runsOf(view).of(), await fewer.of()];
    expect(count.answer(own, own).right).not.to.equal(count.answer(other, other).right);
  });

  it('show the hypervisor nothing that it does not see, in the lesson that is told through its eyes', async () => {
    const view = lessons.find(({ name }) => name === 'hypervisor-view');
    if (!view) throw new Error('the lesson on the view is gone');
    const own = await runsOf(view).of();
    for (const { lines } of momentsOf(view, own)) for (const { text } of lines) expect(text).not.to.contain('a secret is born');
  });
});

describe('An answer', () => {
  const typed = { right: '0x81800001', why: '' };
  it('may be written in another way', () => {
    for (const text of ['0x81800001', ' 0X81800001 ', '0x081800001']) expect(isRight(typed, text), text).to.equal(true);
    expect(isRight({ right: '32', why: '' }, '32 bytes')).to.equal(true);
    expect(isRight({ right: 'TPM2_RSA_Decrypt', why: '' }, 'rsa_decrypt')).to.equal(true);
  });

  it('that is a number is not taken for the number of a choice', () => {
    const answer = { right: '1', wrong: ['0', '2'], why: '' };
    expect(choicesOf(answer)).to.deep.equal(['0', '1', '2']);
    expect(isRight(answer, '1')).to.equal(true);
    expect(isRight(answer, '2')).to.equal(false);
  });
});
