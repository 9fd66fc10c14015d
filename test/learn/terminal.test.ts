import { expect } from 'chai';
import { type Lesson, lessons, playByKeys, playThrough, type Score, type Seat } from '../../src/learn/index.ts';
import { painter } from '../../src/trace/index.ts';
import { answersOf, lessonNamed, runsOf } from './played.ts';

/** A seat at which these lines are typed and these keys pressed. */
function seat(lines: readonly string[], keys?: readonly string[]): Seat & { readonly said: () => string } {
  const [typed, pressed] = [[...lines], [...(keys ?? [])]];
  let said = '';
  return {
    columns: 100,
    paint: painter(false),
    say: text => {
      said += text;
    },
    line: async () => typed.shift(),
    ...(keys ? { key: async () => pressed.shift() } : {}),
    said: () => said,
  };
}

async function through(lesson: Lesson, lines: readonly string[]): Promise<{ readonly score: Score; readonly said: string }> {
  const at = seat(lines);
  const score = await playThrough(lesson, 1, runsOf(lesson), at);
  return { score, said: at.said() };
}

describe('A lesson in the terminal', () => {
  for (const lesson of lessons) {
    it(`${lesson.name} is played through: right answers, wrong ones, none`, async () => {
      const asked = lesson.questions.length;
      const right = await through(lesson, await answersOf(lesson));
      expect(right.score).to.deep.equal({ asked, right: asked, open: 0 });
      for (const { title } of [...lesson.stops, ...lesson.changes]) expect(right.said).to.contain(title);
      expect(right.said).not.to.match(/undefined|NaN|`|\[object/);
      for (const line of right.said.split('\n')) if (/^[ >] +#\d/.test(line)) expect(line.length).to.be.at.most(100);
      const wrong = await through(lesson, await answersOf(lesson, true));
      expect(wrong.score).to.deep.equal({ asked, right: 0, open: 0 });
      const silent = await through(lesson, []);
      expect(silent.score).to.deep.equal({ asked, right: 0, open: asked });
    });
  }

  it('goes forward and back, and shows bytes and who knows what on the way', async () => {
    const lesson = lessonNamed('tpm-object');
    const at = seat([], ['right', 'n', 'b', 'd', 'k', '?', 'z', 'x']);
    expect(await playByKeys(lesson, 1, runsOf(lesson), at)).to.equal(undefined);
    expect(at.said().match(/1 of 5 {2}The first key/g)).to.have.lengthOf(2);
    expect(at.said()).to.contain('primaryHandle').and.contain('wrapping-key-passwd').and.contain('one moment forward');
  });

  it('asks at the end of the way, offers the changes, and ends', async () => {
    const lesson = lessonNamed('wrapping');
    const keys = Array.from({ length: lesson.stops.length + 3 }, () => ' ');
    const at = seat([...(await answersOf(lesson)), '3', ''], keys);
    const score = await playByKeys(lesson, 2, runsOf(lesson), at);
    expect(score?.right).to.equal(lesson.questions.length);
    expect(at.said()).to.contain('TPM_RC_BAD_AUTH').and.contain('do: flip').and.contain('What you can say now');
  });
});
