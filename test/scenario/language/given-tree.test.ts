import { expect } from 'chai';
import { ScenarioError } from '../../../src/scenario/index.ts';
import { loadScenario, parseScenario } from '../../../src/scenario/language/load-scenario.ts';

const OBSERVED = '../observed';
const ESM = `${OBSERVED}/esm/02-three-recipients`;

/** The problems of a scenario whose guest has this tree and memory. */
async function problemsWith(deviceTree: string, memory?: string): Promise<readonly string[]> {
  const guest = `{ name: vm, lpid: 1, kernel: ${ESM}/kernel.bin, initrd: ${ESM}/initrd.img, bootargs: quiet, deviceTree: ${deviceTree}${
    memory ? `, memory: ${memory}` : ''
  } }`;
  const text = `version: 1\nguests:\n  - ${guest}\nsteps:\n  - do: boot\n`;
  try {
    await parseScenario(text, 'fixtures/scenarios/given.yaml');
    return [];
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems.map(({ what }) => what);
    throw error;
  }
}

describe('guests[].deviceTree', () => {
  const tree = `${OBSERVED}/guest-tree/1-cpu-512M.dtb.gz`;

  it('says how much memory there is', async () => {
    expect(await problemsWith(tree)).to.deep.equal([]);
    expect(await problemsWith(tree, '512 MiB')).to.deep.equal([]);
    expect(await problemsWith(tree, '1 GiB')).to.deep.equal([`${tree} is of a guest with 536870912 bytes of memory, not 1073741824`]);
  });

  it('must be a device tree with memory', async () => {
    expect(await problemsWith(`${ESM}/kernel.bin`))
      .to.have.length(1)
      .and.to.match(/kernel.bin: header.magic at byte 0/);
    expect(await problemsWith(`${ESM}/esm_blob.dtb`)).to.deep.equal([
      `${ESM}/esm_blob.dtb has no /memory@0 reg: say "memory: 512 MiB" here`,
    ]);
  });

  it('that QEMU hands to SLOF is read too: the scenario of the catalogue loads', async () => {
    expect((await loadScenario('fixtures/scenarios/good/real-guest-tree.yaml')).document.guests).to.have.length(1);
    expect(await problemsWith(`${OBSERVED}/guest-tree/1-cpu-512M.qemu.dtb`)).to.deep.equal([]);
  });
});
