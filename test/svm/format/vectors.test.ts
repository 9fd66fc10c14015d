import { expect } from 'chai';
import { playEsmManifest } from '../../../src/conform/kinds/esm/play-esm-blob.ts';
import { caseNames, recorded } from '../vectors.ts';

describe('ESM blobs that svm-tool made', () => {
  it('are all there', () => expect(caseNames).to.have.lengthOf(4));

  for (const name of caseNames) {
    it(`${name}: opens, is written back byte for byte, and is made again with the same structure`, async () => {
      for (const played of await playEsmManifest(recorded(name).folder)) {
        expect(played.differences, played.name).to.deep.equal([]);
      }
    });
  }
});
