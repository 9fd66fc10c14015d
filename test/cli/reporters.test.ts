import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim } from './stand-in-io.ts';

const HOLDS = 'fixtures/scenarios/codes/h-tpm-comm-p5.yaml';
/** Fails under this profile: it is about the published code. */
const FAILS = ['fixtures/scenarios/codes/uv-esm-zero-published.yaml', '--profile', 'documented'];

describe('Reporters of svm-sim run', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-reporters-'));
  after(() => rmSync(folder, { recursive: true }));

  it('writes several at once, each into its file', async () => {
    const [xml, tap] = [join(folder, 'a', 'junit.xml'), join(folder, 'run.tap')];
    const { status } = await svmSim('run', HOLDS, ...FAILS, '-q', '--reporter', `junit=${xml}`, '--reporter', `tap=${tap}`);
    expect(status).to.equal(1);
    expect(readFileSync(xml, 'utf8')).to.match(
      /<testsuite name="H_P5[^>]* failures="0"[^>]*>[\s\S]*<failure message="When vm makes UV_ESM/,
    );
    expect(readFileSync(tap, 'utf8')).to.match(/^TAP version 14\n1\.\.2\nok 1 - H_P5[\s\S]*\nnot ok 2 - /);
  });

  it('annotates what failed, for GitHub Actions', async () => {
    const { out } = await svmSim('run', ...FAILS, '-q', '--reporter', 'github');
    expect(out).to.match(/^::error file=fixtures\/scenarios\/codes\/uv-esm-zero-published.yaml,title=U_P2%3A UV_ESM[^:]*::step 3 .*%0A/m);
  });

  it('runs a folder, leaves out what the filter does not take, and ends at the first failure when asked', async () => {
    const { status, out } = await svmSim('run', 'fixtures/scenarios/codes', '-q', '--filter', 'h-tpm-comm-p');
    expect(status).to.equal(0);
    expect(out).to.match(/Slowest first:/);
    const bail = await svmSim('run', 'fixtures/scenarios/codes', '-q', '--filter', 'uv-esm', '--profile', 'published', '--bail');
    expect(bail.status).to.equal(1);
    expect(bail.out.match(/^(HELD|FAILED)/gm)?.filter(word => word === 'FAILED')).to.have.length(1);
  });

  it('names the nearest reporter', async () => {
    const { status, err } = await svmSim('run', HOLDS, '--reporter', 'junt');
    expect(status).to.equal(2);
    expect(err).to.contain('Did you mean "junit"?');
  });
});
