import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim, svmSimWith } from './stand-in-io.ts';

const TITLE = '\\e]0;OWNED\\a\\e[2Jx\\r\\n::error::hi\\nHELD  all is well\\nnot ok 99 - evil\\n\\u202e';
const SCENARIO = `version: 1\ntitle: "${TITLE}"\nsteps:\n  - do: boot\n    expect: { result: "never" }\n`;
/** What a terminal obeys, but for line ends. */
const OBEYED = /[^\P{Cc}\n]|\p{Bidi_Control}/u;

describe('what is printed of a title with control characters', () => {
  let folder: string;
  let file: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-printed-'));
    file = join(folder, 'esc\u001b[31mname.yaml');
    writeFileSync(file, SCENARIO.replace(/ {4}expect.*\n/, ''));
  });
  after(() => rmSync(folder, { recursive: true }));

  const forged = (text: string): string[] => text.split('\n').filter(line => /^(::error::|HELD {2}all|not ok 99)/.test(line));

  it('does nothing, and makes no line of its own: terminal, TAP, JUnit, annotations', async () => {
    const reporters = ['tap', 'junit', 'github'].map(name => [name, join(folder, name)] as const);
    const flags = reporters.flatMap(([name, path]) => ['--reporter', `${name}=${path}`]);
    const { out, err } = await svmSim('run', file, ...flags, '--trace', join(folder, 'x.trace'), '--max-events', '1');
    const texts = [out, err, ...reporters.map(([, path]) => readFileSync(path, 'utf8'))];
    expect(out).to.include('\\x1b]0;OWNED');
    for (const text of texts) {
      expect(text).not.to.match(OBEYED);
      expect(forged(text)).to.deep.equal([]);
    }
    const shown = await svmSim('trace', 'show', join(folder, 'x.trace'));
    expect(shown.out).not.to.match(OBEYED);
    expect(forged(shown.out)).to.deep.equal([]);
  });

  it('on a terminal with colours there are those of this program, and no others', async () => {
    const { out } = await svmSimWith({ colors: true, errColors: true, columns: 80 }, 'run', file);
    // Colours, as the program itself sets them.
    expect(['1', '2', '22', '39', '31', '32', '33'].reduce((text, code) => text.replaceAll(`\u001b[${code}m`, ''), out)).not.to.match(
      OBEYED,
    );
    expect(out).to.include('\u001b[1m');
    expect(out).not.to.include('\u001b[31mname');
  });

  it('a problem of the file is shown at its place, the source line with escapes', async () => {
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, 'title: \u001b]0;OWNED\u0007x\nfoo: 1\n');
    const { err } = await svmSim('validate', wrong);
    expect(err).to.include('title: \\x1b]0;OWNED\\x07x').and.not.to.match(OBEYED);
  });
});
