import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { svmSim } from './stand-in-io.ts';

describe('svm-sim scenarios and init', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-init-'));
  after(() => rmSync(folder, { recursive: true }));

  it('lists the catalogue with titles', async () => {
    const { status, out } = await svmSim('scenarios');
    expect(status).to.equal(0);
    expect(out).to.contain('fixtures/scenarios/attacks/20-policy-b.published.yaml');
    expect(Number(/^(\d+) scenarios$/m.exec(out)?.[1])).to.be.at.least(40);
  });

  it('says what a scenario teaches, and finds by a word', async () => {
    const { out } = await svmSim('scenarios', '--long', '--filter', 'policy-b');
    expect(out).to.contain('ObjectChangeAuth');
    expect(out).not.to.contain('H_P5');
  });

  it('writes a commented scenario to begin with, and never over a file', async () => {
    const file = join(folder, 'mine.yaml');
    expect((await svmSim('init', file)).status).to.equal(0);
    const text = readFileSync(file, 'utf8');
    expect(parse(text)).to.include({ version: 1 });
    writeFileSync(file, 'mine');
    expect((await svmSim('init', file)).status).to.equal(2);
    expect(readFileSync(file, 'utf8')).to.equal('mine');
  });
});
