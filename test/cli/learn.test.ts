import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { lessons } from '../../src/learn/index.ts';
import { answersOf, lessonNamed } from '../learn/played.ts';
import { svmSim, svmSimWith } from './stand-in-io.ts';

const lines = (...text: readonly string[]): PassThrough => {
  const input = new PassThrough();
  input.end(text.map(line => `${line}\n`).join(''));
  return input;
};

/** A terminal at which these keys are pressed, one after the other. */
function keyboard(...keys: readonly string[]) {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => modes.push(on) });
  void (async () => {
    for (const key of keys) {
      input.write(key);
      await new Promise(resolve => setTimeout(resolve, 1));
    }
  })();
  return { input, modes };
}
const RIGHT = '\u001b[C';
const LEFT = '\u001b[D';

describe('svm-sim learn', () => {
  it('lists the lessons with one line each', async () => {
    const { status, out } = await svmSim('learn');
    expect(status).to.equal(0);
    for (const { name, line } of lessons) expect(out).to.contain(name).and.contain(line);
  });

  it('knows a lesson by number and by name, and helps when there is none', async () => {
    const { status, err } = await svmSim('learn', 'polices');
    expect(status).to.equal(2);
    expect(err).to.contain('Did you mean "policies"?');
    expect((await svmSim('learn', '11')).status).to.equal(2);
  });

  it('plays lessons through without a terminal, answers read a line each, and sums up', async () => {
    const lesson = lessonNamed('tpm-object');
    const right = await svmSimWith({ input: lines(...(await answersOf(lesson)), 'nonsense') }, 'learn', '1', 'policies');
    expect(right.status).to.equal(0);
    expect(right.out)
      .to.match(/tpm-object +3 of 3 right\n/)
      .and.match(/policies +0 of 4 right, 3 not answered\n/);
    expect(right.out).to.contain('Next: svm-sim learn session');
    expect((await svmSim('learn', 'tpm-object')).out).to.contain('0 of 3 right, 3 not answered');
  });

  it('steps forward and back by keys, shows bytes and who knows what, and leaves', async () => {
    const { input, modes } = keyboard(RIGHT, RIGHT, LEFT, 'd', 'k', '?', 'x');
    const { status, out } = await svmSimWith({ input, columns: 100 }, 'learn', 'tpm-object');
    expect(status).to.equal(0);
    expect(out.match(/1 of 5 {2}The first key/g)).to.have.lengthOf(2);
    expect(out).to.contain('primaryHandle').and.contain('wrapping-key-passwd').and.contain('one moment forward');
    expect(out).to.contain('the questions were not asked').and.contain('What you can say now');
    expect(modes).to.deep.equal([true, false]);
    for (const line of out.split('\n').filter(text => /^[ >] +#\d/.test(text))) expect(line.length).to.be.at.most(100);
  });

  it('asks and lets change by keys; typing can be corrected', async () => {
    const [first = '', ...rest] = await answersOf(lessonNamed('policies'));
    const typed = rest.flatMap(answer => [...answer.split(''), '\r']);
    const { input } = keyboard('q', '9', '\u007f', ...first.split(''), '\r', ...typed, 'c', '2', '\r', '\r', '\u0003');
    const { out } = await svmSimWith({ input, columns: 100 }, 'learn', 'policies');
    expect(out).to.contain('4 of 4 right');
    expect(out).to.contain('Let two steps of the policy change places').and.contain('do: swap');
  });

  it('writes pages of all lessons only, and says when it cannot', async () => {
    const { status, err } = await svmSim('learn', '3', '--html', 'pages');
    expect(status).to.equal(2);
    expect(err).to.contain('--html writes all lessons');
    expect((await svmSim('learn', '--html', '/dev/null/pages')).status).to.equal(3);
  });

  it('gives other keys with another seed', async () => {
    const [one, other] = await Promise.all([svmSim('learn', 'session'), svmSim('learn', 'session', '--seed', '77')]);
    expect(one.out).not.to.equal(other.out);
  });
});
