import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim } from './stand-in-io.ts';

const FIRST = 'fixtures/scenarios/first-boot.yaml';

describe('svm-sim report', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-report-'));
  const [trace, page, again, narrow] = ['trace', 'page.html', 'again.html', 'narrow.html'].map(name => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  after(() => rmSync(folder, { recursive: true }));

  it('makes the same page from a run and from its trace', async () => {
    expect((await svmSim('run', '--quiet', '--trace', trace, '--report', page, FIRST)).status).to.equal(0);
    const { status, out } = await svmSim('report', trace, '-o', again);
    expect(status).to.equal(0);
    expect(out).to.match(/again\.html: \d+ KiB/);
    expect(readFileSync(page, 'utf8')).to.equal(readFileSync(again, 'utf8'));
  });

  it('makes a smaller page with one point of view', async () => {
    await svmSim('report', trace, '--as', 'hypervisor', '-o', narrow);
    expect(readFileSync(narrow).length).to.be.lessThan(readFileSync(page).length);
    expect(readFileSync(narrow, 'utf8')).to.contain('"viewpoints":["hypervisor"]');
  });

  it('says what is missing', async () => {
    expect((await svmSim('report', trace)).status).to.equal(2);
    const nowhere = await svmSim('report', trace, '-o', join(folder, 'none', 'x.html'));
    expect(nowhere).to.include({ status: 3 });
    expect(nowhere.err).to.contain('its folder does not exist');
    expect((await svmSim('report', join(folder, 'none'), '-o', page)).err).to.contain('there is no such file');
    expect(existsSync(join(folder, 'none'))).to.equal(false);
  });
});
