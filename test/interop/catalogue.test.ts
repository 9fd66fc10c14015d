import { execFileSync, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const CATALOGUE = fileURLToPath(new URL('../../fixtures/scenarios', import.meta.url));

/** What `svm-sim run` says of every scenario of the catalogue. */
function runAll(...flags: readonly string[]): Promise<{ readonly status: number | null; readonly said: string }> {
  const args = ['--import', 'tsx', MAIN, 'run', CATALOGUE, ...flags, '--quiet', '--jobs', String(availableParallelism())];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (said += chunk));
    child.once('error', reject);
    child.once('close', status => resolve({ status, said }));
  });
}

describe('the whole catalogue', () => {
  it('comes out on a real swtpm as on the embedded TPM: every scenario holds', async function () {
    this.timeout(900_000); // two of them save 65 531 contexts one by one
    try {
      execFileSync('swtpm', ['--version'], { stdio: 'ignore' });
    } catch {
      console.log('    skipped: swtpm is not installed (apt install swtpm)');
      return this.skip();
    }
    const { status, said } = await runAll('--tpm', 'swtpm');
    const verdicts = said.split('\n').filter(line => /^(HELD|FAILED) /.test(line));
    expect(verdicts.filter(line => !line.startsWith('HELD '))).to.deep.equal([]);
    expect(status, said.slice(-2000)).to.equal(0);
    expect(said.match(/TPM swtpm, profile/g), 'each run is on swtpm').to.have.length.of.at.least(verdicts.length);
    expect(verdicts).to.have.length.above(150);
  });

  it('comes out with lazy swapping as with eager, but for what saving itself brings about', async function () {
    this.timeout(300_000);
    const { said } = await runAll('--swapping', 'lazy');
    const failed = said.split('\n').filter(line => line.startsWith('FAILED '));
    // The session that stands idle hinders others when theirs are saved; lazily, alone on the host, they are not.
    expect(failed.map(line => line.replace(/:.*/, ''))).to.deep.equal(['FAILED  A session that stands idle (documented']);
  });
});
