import { expect } from 'chai';
import { esmFile, esmManifest, TestBench } from '../helpers/machine.ts';
import { caseNames } from '../svm/vectors.ts';

describe('every recorded blob boots on each host that its owner named', () => {
  for (const folder of caseNames) {
    const { lockboxesInBlobOrder, attachments } = esmManifest(folder);
    for (const { node, privateKeyFile } of lockboxesInBlobOrder) {
      if (node === 'origin-lockbox') continue; // the owner's own key is in no TPM
      it(`${folder} with ${privateKeyFile} (${node})`, async () => {
        const bench = await TestBench.create({ folder, key: privateKeyFile });
        const outcome = await bench.guest.enterSecureMode();
        expect(outcome, JSON.stringify(bench.failedChecks())).to.include({
          secure: true,
          pc: bench.guest.layout.kernel,
          r3: bench.guest.layout.fdt,
          r5: 0n,
        });
        for (const { name, file } of attachments) {
          const read = await bench.guest.getFile(name);
          expect('bytes' in read && Buffer.from(read.bytes).equals(esmFile(folder, file)), name).to.equal(true);
        }
      });
    }
  }
});
