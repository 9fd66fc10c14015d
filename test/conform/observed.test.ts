import { expect } from 'chai';
import { formatResult, runConform } from '../../src/conform/index.ts';
import { OBSERVED } from './recordings.ts';

/** Recordings by where they lie, and how many cases are in them at the least: none may be lost unnoticed. */
const RECORDINGS: readonly (readonly [path: string, cases: number])[] = [
  ['esm/01-minimal', 6],
  ['esm/02-three-recipients', 6],
  ['esm/03-three-attachments-svm-add', 6],
  ['esm/04-authorize-after-make', 6],
  ['h_tpm_comm.json', 87],
  ['tpmrm.json', 85],
];

describe('what was observed of the real programs holds here', () => {
  for (const [path, cases] of RECORDINGS) {
    it(`${path}`, async () => {
      const { results, failed } = await runConform([`${OBSERVED}/${path}`]);
      expect(
        failed,
        results
          .filter(({ ok }) => !ok)
          .map(formatResult)
          .join('\n'),
      ).to.equal(0);
      expect(results.length).to.be.at.least(cases);
    });
  }
});
