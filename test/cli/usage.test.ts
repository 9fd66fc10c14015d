import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim } from './stand-in-io.ts';

const DISCLAIMER = 'is a simulation: it runs no real VM and protects nothing';

describe('svm-sim', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-cli-'));
  after(() => rmSync(folder, { recursive: true }));

  it('tells its version and its help', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await svmSim('--version')).to.deep.equal({ status: 0, out: `${version}\n`, err: '' });
    const help = await svmSim('--help');
    expect(help.status).to.equal(0);
    for (const word of ['run', 'explain', 'conform', 'validate', 'schema', 'Exit status', DISCLAIMER]) expect(help.out).to.contain(word);
  });

  it('ends with status 2 on wrong usage, and says what may be meant', async () => {
    for (const argv of [
      [],
      ['run'],
      ['explain'],
      ['conform'],
      ['run', 'x', '--seed'],
      ['run', 'x', '--quiet', '--verbose'],
      ['run', '--nope', 'x'],
    ]) {
      expect(await svmSim(...argv), argv.join(' ')).to.include({ status: 2, out: '' });
    }
    expect((await svmSim('rnu')).err).to.contain('Did you mean run?');
  });

  it('validates scenarios, shows the place of every mistake with a caret, and goes on with the next file', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'version: 1\nsteps:\n  - do: bot\n');
    const { status, out, err } = await svmSim('validate', bad, 'fixtures/scenarios/first-boot.yaml');
    expect(status).to.equal(2);
    expect(out).to.equal('fixtures/scenarios/first-boot.yaml: valid (5 steps, 7 files)\n2 scenarios: 1 valid, 1 not\n');
    const lines = err.split('\n').slice(0, 4);
    expect(lines).to.deep.equal([`${bad}:3:9: there is no "do: bot"`, '  3 |   - do: bot', '              ^', '  Did you mean "boot"?']);
    expect(err).not.to.match(/ at .*\.ts:\d+/);
  });

  it('shows a stack when it is verbose', async () => {
    expect((await svmSim('run', '--verbose', join(folder, 'none.yaml'))).err).to.match(/ at .*\.ts:\d+/);
    expect((await svmSim('run', join(folder, 'none.yaml'))).err).not.to.match(/ at .*\.ts:\d+/);
  });

  it('prints the schema, and tells whether a file holds it', async () => {
    const { status, out } = await svmSim('schema');
    expect(status).to.equal(0);
    expect(out).to.equal(readFileSync('fixtures/scenario.schema.json', 'utf8'));
    expect((await svmSim('schema', '--check', 'fixtures/scenario.schema.json')).status).to.equal(0);
    const stale = join(folder, 'stale.json');
    writeFileSync(stale, '{}\n');
    expect((await svmSim('schema', '--check', stale)).status).to.equal(1);
    expect((await svmSim('schema', '--check', join(folder, 'none'))).status).to.equal(2);
  });

  it('plays recordings', async () => {
    const { status, out } = await svmSim('conform', '--quiet', 'fixtures/observed/h_tpm_comm.json');
    expect(out)
      .to.match(/\d+ passed, 0 failed\n$/)
      .and.to.contain(DISCLAIMER);
    expect(status).to.equal(0);
    expect(await svmSim('conform', 'package.json')).to.include({ status: 2 });
  });
});
