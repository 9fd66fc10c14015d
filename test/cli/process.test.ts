import { spawn } from 'node:child_process';
import { expect } from 'chai';
import { builtFile } from '../helpers/built.ts';

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** The real program as a process of its own. `watch` is given what it prints. */
function start(argv: readonly string[], watch: (child: ReturnType<typeof spawn>, out: string) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [builtFile('cli/main.js'), ...argv], {
    env: { ...process.env, NO_COLOR: '', FORCE_COLOR: '' },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => {
    out += part;
    watch(child, out);
  });
  child.stderr.on('data', (part: Buffer) => {
    err += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', status => resolve({ status, out, err }));
  });
}

describe('svm-sim as a process', function () {
  this.timeout(60_000);

  it('prints no colours into a pipe', async () => {
    const { status, out, err } = await start(['explain', 'H_P5']);
    expect({ status, err }).to.deep.equal({ status: 0, err: '' });
    expect(out).to.contain('H_P5').and.not.to.contain('\u001b');
  });

  it('gives its exit status', async () => {
    expect((await start(['explain', 'H_P55'])).status).to.equal(2);
  });

  it('is silent when its reader has read enough', async () => {
    const { err } = await start(['run', '--verbose', 'fixtures/scenarios/first-boot.yaml'], child => child.stdout?.destroy());
    expect(err).to.equal('');
  });

  it('ends in order on SIGINT', async () => {
    let sent = false;
    const { status, out } = await start(['run', 'fixtures/scenarios/fresh-host.yaml'], (child, said) => {
      if (!sent && said.includes('1. host boots')) sent = child.kill('SIGINT');
    });
    expect(status).to.equal(130);
    expect(out).to.contain('INTERRUPTED');
  });
});
