import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim } from './stand-in-io.ts';

const SCENARIO = 'fixtures/scenarios/frontends/tis-boot.yaml';

describe('svm-sim acpi dump', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-acpi-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes a file for each table, and replaces none unasked', async () => {
    const { status, out } = await svmSim('acpi', 'dump', SCENARIO, '-o', folder);
    expect(status).to.equal(0);
    expect(readdirSync(folder)).to.include.members(['pc-dsdt.dat', 'pc-tpm2.dat', 'pc-rsdp.dat']);
    expect(out).to.contain('pc-tpm2.dat: 76 bytes');
    expect(readFileSync(join(folder, 'pc-tpm2.dat')).subarray(0, 4).toString()).to.equal('TPM2');
    expect((await svmSim('acpi', 'dump', SCENARIO, '-o', folder)).status).to.not.equal(0);
    expect((await svmSim('acpi', 'dump', SCENARIO, '-o', folder, '--force')).status).to.equal(0);
  });

  it('names a board that there is not', async () => {
    const { status, err } = await svmSim('acpi', 'dump', SCENARIO, '-o', folder, '--board', 'other');
    expect(status).to.not.equal(0);
    expect(err).to.contain('there is no board "other"');
  });
});
