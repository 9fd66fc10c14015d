import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim } from './stand-in-io.ts';

const FIRST = 'fixtures/scenarios/first-boot.yaml';

describe('svm-sim explore', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-explore-'));
  after(() => rmSync(folder, { recursive: true }));

  it('shows a table, writes what it found, and exits 1 on a violation', async () => {
    const argv = ['explore', FIRST, '--profile', 'published', '--filter', 'extend memory', '--jobs', '0', '--out', folder];
    const { status, out } = await svmSim(...argv);
    expect(status).to.equal(1);
    expect(out).to.match(/^place +runs +harmless +denied +denial of service +violation +denied by$/m);
    expect(out).to.match(/^memory kernel +1 +- +- +- +1$/m);
    expect(out).to.match(/^VIOLATED {2}\d+ runs, 3 with a violation, 3 kinds/m);
    const files = readdirSync(folder);
    expect(files).to.include('no-forgery-extend-memory-kernel.yaml');
    expect((await svmSim('run', join(folder, 'no-forgery-extend-memory-kernel.yaml'), '-q')).status).to.equal(0);
  });

  it('exits 0 when nothing is violated', async () => {
    const { status, out } = await svmSim('explore', FIRST, '--profile', 'hardened', '--filter', 'extend memory', '--jobs', '0');
    expect(status).to.equal(0);
    expect(out).to.match(/^HELD/m);
  });

  it('gives a JSON object a run, and nothing else, on standard output', async () => {
    const { out } = await svmSim('explore', FIRST, '--filter', 'flip memory kernel', '--jobs', '0', '--json');
    const lines = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { type: string; is: string });
    expect(lines.every(({ type, is }) => type === 'finding' && is === 'denied')).to.equal(true);
  });
});
