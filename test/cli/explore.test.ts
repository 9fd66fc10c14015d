import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim, svmSimWith } from './stand-in-io.ts';

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
    expect(out).to.match(/^VIOLATED in \d+ of \d+ runs: 3 with a violation of 3 kinds/m);
    const files = readdirSync(folder);
    expect(files).to.include('no-forgery-extend-memory-kernel.yaml');
    expect((await svmSim('run', join(folder, 'no-forgery-extend-memory-kernel.yaml'), '-q')).status).to.equal(0);
  });

  it('exits 0 when nothing is violated, and never says of a search that was cut that it held', async () => {
    const { status, out } = await svmSim('explore', FIRST, '--profile', 'hardened', '--filter', 'extend memory', '--jobs', '0');
    expect(status).to.equal(0);
    expect(out)
      .to.match(/^NOTHING FOUND in \d+ of \d+ runs \(/m)
      .and.not.contain('HELD');
    const budget = await svmSim('explore', FIRST, '--profile', 'hardened', '--budget', '3', '--jobs', '0');
    expect(budget.status).to.equal(0);
    expect(budget.out).to.match(/^NOTHING FOUND in 3 of \d+ runs \(/m);
  });

  it('says that nothing ran, and exits 2', async () => {
    const { status, out } = await svmSim('explore', FIRST, '--filter', 'no such action', '--jobs', '0');
    expect(status).to.equal(2);
    expect(out).to.match(/^NOTHING RAN of \d+ runs: does --filter leave any\?/m);
    expect((await svmSim('explore', FIRST, '--budget', '0')).status).to.equal(2);
  });

  it('says how far it was when it is interrupted', async () => {
    const stop = new AbortController();
    const progress = (text: string): void => {
      if (text.includes('1 of 4 runs')) stop.abort();
    };
    const over = { signal: stop.signal, columns: 80, err: progress };
    const { status, out } = await svmSimWith(over, 'explore', FIRST, '--filter', 'flip memory', '--budget', '4', '--jobs', '0');
    expect(status).to.equal(130);
    expect(out).to.match(/^INTERRUPTED, 1 of \d+ runs/m);
  });

  it('gives a JSON object a run, and nothing else, on standard output', async () => {
    const { out } = await svmSim('explore', FIRST, '--filter', 'flip memory kernel', '--jobs', '0', '--json');
    const lines = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { type: string; is: string });
    expect(lines.slice(0, -1).every(({ type, is }) => type === 'finding' && is === 'denied')).to.equal(true);
    expect(lines.at(-1)).to.include({ type: 'verdict', verdict: 'NOTHING FOUND', done: lines.length - 1 });
  });
});
