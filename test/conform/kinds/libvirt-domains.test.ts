import { expect } from 'chai';
import { formatResult, runConform } from '../../../src/conform/index.ts';
import { OBSERVED, withFiles } from '../recordings.ts';

describe('what libvirt made of domain definitions', () => {
  it('holds here, case by case', async () => {
    const { results, failed } = await runConform([`${OBSERVED}/libvirt.json`]);
    expect(failed, results.map(formatResult).join('\n')).to.equal(0);
    expect(results).to.have.length(24);
  });

  it('differs visibly when the recording is another', async () => {
    const xml = `<domain><devices><tpm model='spapr-tpm-proxy'><backend type='passthrough'/></tpm></devices></domain>`;
    const recording = [{ name: 'changed', xml, schemaValid: false, accepted: false, error: 'unsupported configuration: no' }];
    await withFiles({ 'libvirt.json': recording }, async directory => {
      const { results } = await runConform([`${directory}/libvirt.json`]);
      expect(results[0]?.differences.map(({ field }) => field)).to.deep.equal(['accepted', 'error', 'qemuArgs', 'schemaValid']);
    });
  });
});
