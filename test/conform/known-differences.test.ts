import { expect } from 'chai';
import { KnownDifferences } from '../../src/conform/known-differences.ts';

/** Whether a known difference in `field` stands for one in `actual`. */
function covered(field: string, actual: string): boolean {
  const known = new KnownDifferences([{ case: 'a case', field, reason: 'libtpms does otherwise' }]);
  return known.judge('x.json', { name: 'a case', differences: [{ field: actual, expected: '1', actual: '2' }] }).ok;
}

describe('a known difference', () => {
  for (const [field, actual] of [
    ['steps[3]', 'steps[3]'],
    ['steps[3]', 'steps[3].r3'],
    ['algorithms', 'algorithms[2]'],
    ['algorithms', 'algorithms of the TPM'],
    ['steps[*].r3', 'steps[12].r3'],
  ] as const)
    it(`in ${field} covers ${actual}`, () => expect(covered(field, actual)).to.equal(true));

  for (const [field, actual] of [
    ['r3', 'r31'],
    ['steps[3].r3', 'steps[3].r31'],
    ['algorithm', 'algorithms'],
    ['r3', 'steps[3].r3'],
    ['steps[3]', 'stepsx3x'],
  ] as const)
    it(`in ${field} does not cover ${actual}`, () => expect(covered(field, actual)).to.equal(false));
});
