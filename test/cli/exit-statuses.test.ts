import { expect } from 'chai';
import type { CliCommand } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/program.ts';
import { svmSim } from './stand-in-io.ts';

/** Every command that does something, with its words: `esm make`. */
const leavesOf = (commands: readonly CliCommand[], before = ''): readonly (readonly [string, CliCommand])[] =>
  commands.flatMap(one => (one.commands ? leavesOf(one.commands, `${before}${one.name} `) : [[before + one.name, one] as const]));

const leaves = leavesOf(COMMANDS);

describe('exit statuses', () => {
  it('are told of every command', () => expect(leaves).to.have.length.of.at.least(40));

  for (const [words, { exits }] of leaves) {
    it(`svm-sim ${words} --help ends with them`, async () => {
      const { status, out } = await svmSim(...words.split(' '), '--help');
      expect(status).to.equal(0);
      const ones = exits?.failed === undefined ? '' : `  1    ${exits.failed}\n`;
      expect(out)
        .to.contain(`\nExit status:\n  0    ${exits?.held}\n${ones}  2    `)
        .and.match(/ {2}3 {4}.+\n {2}130 {2}interrupted\n$/);
    });
  }

  it('svm-sim --help speaks of no command in particular', async () => {
    expect((await svmSim('--help')).out).to.contain('  1    done, and something was found: COMMAND --help says what\n');
  });
});
