import { expect } from 'chai';
import { EXIT_STATUSES, leavesOf } from '../../src/cli/exit-statuses.ts';
import { makeProgram } from '../../src/cli/program.ts';
import { svmSim } from './stand-in-io.ts';

const silent = { out() {}, err() {}, colors: false, errColors: false, columns: undefined, signal: new AbortController().signal };
const commands = leavesOf(makeProgram(silent, () => {})).map(([words]) => words);

describe('exit statuses', () => {
  it('are told for every command, and for none that does not exist (src/cli/exit-statuses.ts)', () => {
    expect(Object.keys(EXIT_STATUSES).sort()).to.deep.equal([...commands].sort());
  });

  for (const words of commands) {
    it(`svm-sim ${words} --help ends with them`, async () => {
      const { status, out } = await svmSim(...words.split(' '), '--help');
      expect(status).to.equal(0);
      const { held, failed } = EXIT_STATUSES[words] ?? { held: '' };
      const ones = failed === undefined ? '' : `  1    ${failed}\n`;
      expect(out)
        .to.contain(`\nExit status:\n  0    ${held}\n${ones}  2    `)
        .and.match(/ {2}3 {4}.+\n {2}130 {2}interrupted\n$/);
    });
  }

  it('svm-sim --help speaks of no command in particular', async () => {
    expect((await svmSim('--help')).out).to.contain('  1    done, and something was found: COMMAND --help says what\n');
  });
});
