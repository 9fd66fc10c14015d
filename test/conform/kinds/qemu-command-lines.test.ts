import { expect } from 'chai';
import { formatResult, runConform } from '../../../src/conform/index.ts';
import { OBSERVED, withFiles } from '../recordings.ts';

describe('what QEMU made of command lines', () => {
  it('holds here, case by case', async () => {
    const { results, failed } = await runConform([`${OBSERVED}/qemu-cli.json`]);
    expect(failed, results.map(formatResult).join('\n')).to.equal(0);
    expect(results).to.have.length(55);
  });

  it('differs visibly when the recording is another', async () => {
    const cases = [
      {
        name: 'changed',
        commandLine: 'qemu-system-ppc64 -device spapr-tpm-proxy,id=p,host-path=x',
        accepted: false,
        exitStatus: 1,
        stderr: ['no'],
        monitor: [
          { hmp: 'info qom-tree', output: [], linesMatching: 'p ' },
          { qmp: 'device_del', arguments: { id: 'p' }, return: 1 },
        ],
      },
    ];
    await withFiles({ 'qemu.json': { format: 'qemu-cli, version 1', cases } }, async directory => {
      const { results } = await runConform([`${directory}/qemu.json`]);
      const fields = ['accepted', 'exitStatus', 'stderr', 'monitor[0] info qom-tree', 'monitor[1] device_del'];
      expect(results[0]?.differences.map(({ field }) => field)).to.deep.equal(fields);
    });
  });
});
