import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { formatResult, runConform } from '../../src/conform/index.ts';
import { OBSERVED } from './recordings.ts';

const KNOWN = fileURLToPath(new URL('../../fixtures/known.yaml', import.meta.url));

/** Recordings by where they lie, and how many cases are in them at the least: none may be lost unnoticed. */
const RECORDINGS: readonly (readonly [path: string, cases: number])[] = [
  ['esm/01-minimal', 6],
  ['esm/02-three-recipients', 6],
  ['esm/03-three-attachments-svm-add', 6],
  ['esm/04-authorize-after-make', 6],
  ['h_tpm_comm.json', 87],
  ['qemu-frontends.json', 354],
  ['tpmrm.json', 85],
  // Of libvirt 12.8 and 9.0 those cases that are understood so far.
  ['generations/libvirt-12.8.json', 63],
  ['generations/libvirt-9.0.json', 56],
  ['generations/qemu-cli-qemu-11.1.json', 11],
  ['generations/qemu-cli-qemu-7.2.json', 7],
  ['generations/tpmrm-linux-6.12.json', 6],
  ['generations/tpmrm-linux-7.2.json', 6],
  ['generations/tpm', 1260],
  ['ultravisor.json', 584],
  ['tpm/09-swtpm-control-channel.jsonl', 31],
];

describe('what was observed of the real programs holds here', () => {
  for (const [path, cases] of RECORDINGS) {
    it(`${path}`, async () => {
      const { results, failed, unusedKnown } = await runConform([`${OBSERVED}/${path}`], { knownFile: KNOWN });
      expect(
        failed,
        results
          .filter(({ ok }) => !ok)
          .map(formatResult)
          .join('\n'),
      ).to.equal(0);
      expect(results.length).to.be.at.least(cases);
      expect(unusedKnown, 'differences that are none any more').to.deep.equal([]);
    });
  }
});
