import { execFileSync, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const CATALOGUE = fileURLToPath(new URL('../../fixtures/scenarios', import.meta.url));

/** What `svm-sim run` says of every scenario of the catalogue, each host with an swtpm of its own. */
function runAll(): Promise<{ readonly status: number | null; readonly said: string }> {
  const args = ['--import', 'tsx', MAIN, 'run', CATALOGUE, '--tpm', 'swtpm', '--quiet', '--jobs', String(availableParallelism())];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk));
    child.once('error', reject);
    child.once('close', status => resolve({ status, said }));
  });
}

describe('the whole catalogue on a real swtpm', () => {
  it('comes out as on the embedded TPM: every scenario holds', async function () {
    this.timeout(900_000); // two of them save 65 531 contexts one by one
    try {
      execFileSync('swtpm', ['--version'], { stdio: 'ignore' });
    } catch {
      console.log('    skipped: swtpm is not installed (apt install swtpm)');
      return this.skip();
    }
    const { status, said } = await runAll();
    const verdicts = said.split('\n').filter(line => /^(HELD|FAILED) /.test(line));
    expect(verdicts.filter(line => !line.startsWith('HELD '))).to.deep.equal([]);
    expect(status, said.slice(-2000)).to.equal(0);
    expect(said.match(/TPM swtpm, profile/g), 'each run is on swtpm').to.have.length.of.at.least(verdicts.length);
    expect(verdicts).to.have.length.above(150);
  });
});
