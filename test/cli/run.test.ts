import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { readTrace } from '../../src/trace/index.ts';
import { svmSim, svmSimWith } from './stand-in-io.ts';

const FIRST = 'fixtures/scenarios/first-boot.yaml';
const FRESH = 'fixtures/scenarios/fresh-host.yaml';
const ESM = resolve('fixtures/observed/esm/02-three-recipients');

describe('svm-sim run', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-run-'));
  after(() => rmSync(folder, { recursive: true }));

  /** The first boot with one thing changed. */
  function changed(name: string, change: (text: string) => string): string {
    const file = join(folder, name);
    const text = readFileSync(FIRST, 'utf8').replaceAll('../observed/esm/02-three-recipients', ESM);
    writeFileSync(file, change(text));
    return file;
  }

  it('shows how a guest becomes secure, and that everything expected came', async () => {
    const { status, out, err } = await svmSim('run', FIRST);
    expect(err).to.equal('');
    expect(out).to.match(/^svm-sim is a simulation: it runs no real VM and protects nothing\.\n/);
    for (const word of ['UV_ESM', 'H_SVM_INIT_START', 'H_TPM_COMM', 'TPM2_RSA_Decrypt', '✓ digest-kernel', 'H_SVM_INIT_DONE']) {
      expect(out).to.contain(word);
    }
    expect(out).to.match(/✓ no-leak: none of \d+ secrets was visible to the hypervisor/);
    expect(out).to.contain('HELD  A guest becomes a Secure VM');
    expect(out).not.to.contain('\u001b');
    expect(status).to.equal(0);
  });

  it('shows that a blob made for a new host opens again after its reboot', async () => {
    const { status, out } = await svmSim('run', '--quiet', FRESH);
    expect(out.match(/✓ vm asks to become secure/g)).to.have.length(2);
    expect(status).to.equal(0);
  });

  it('says why a step failed at every layer, and in one sentence', async () => {
    const kernel = join(folder, 'kernel.bin');
    const bytes = readFileSync(join(ESM, 'kernel.bin'));
    bytes[4711] = (bytes[4711] ?? 0) ^ 1;
    writeFileSync(kernel, bytes);
    const file = changed('tampered.yaml', text => text.replace(join(ESM, 'kernel.bin'), kernel));
    const { status, out, err } = await svmSim('run', '--quiet', file);
    expect(status).to.equal(1);
    expect(out).to.match(
      /✗ Step 3 \(enter-secure-mode\) did not give what was expected\. {2}.*tampered.yaml:\d+\n {4}result {2}expected: secure\n[\s\S]*\n {2}When vm asks to become secure, the Ultravisor refuses: .*digest-kernel/,
    );
    for (const layer of ['caller', 'ultracall', 'hypercall', 'check']) expect(out).to.match(new RegExp(`^    ${layer} `, 'm'));
    expect(out).to.contain('2 of 5 steps were not run');
    expect(out + err).not.to.match(/ at .*\.ts:\d+/);
    const expected = changed('expected.yaml', text =>
      text
        .replace(join(ESM, 'kernel.bin'), kernel)
        .replace(/expect: \{ result: secure.*\}/, 'expect: { result: U_PERMISSION, refusedBy: digest-kernel, state: failed }')
        .replace(/ {2}- do: get-file[\s\S]*$/, ''),
    );
    expect((await svmSim('run', '--quiet', expected)).status).to.equal(0);
  });

  it('gives the same trace for the same seed, byte for byte, and another for another', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map(name => join(folder, name)) as [string, string, string];
    expect((await svmSim('run', '--quiet', '--seed', '7', '--trace', a, FIRST)).status).to.equal(0);
    await svmSim('run', '--quiet', '--seed', '7', '--trace', b, FIRST);
    await svmSim('run', '--quiet', '--seed', '8', '--trace', c, FIRST);
    expect(readFileSync(a).equals(readFileSync(b))).to.equal(true);
    expect(readFileSync(a).equals(readFileSync(c))).to.equal(false);
    const { runs } = await readTrace(a);
    expect(runs[0]).to.deep.include({ ok: true }).and.to.have.nested.property('about.seed', '7');
    expect(runs[0]?.events.length).to.be.greaterThan(100);
  });

  it('prints one JSON object a line when asked, and the reminder on standard error', async () => {
    const { status, out, err } = await svmSim('run', '--json', FIRST);
    const lines = out.trimEnd().split('\n');
    const types = lines.map(line => (JSON.parse(line) as { type: string }).type);
    expect(types[0]).to.equal('run');
    expect(types.at(-1)).to.equal('verdict');
    expect(new Set(types.slice(1, -1))).to.deep.equal(new Set(['event']));
    expect(JSON.parse(lines.at(-1) ?? '')).to.include({ ok: true, seed: '1' });
    expect(err).to.contain('protects nothing');
    expect(status).to.equal(0);
  });

  it('shows fields and bytes when it is verbose', async () => {
    const { out } = await svmSim('run', '--verbose', FIRST);
    expect(out).to.match(/00000000 {2}80 0[12] 00 00/);
  });

  it('takes another profile for every host', async () => {
    expect((await svmSim('run', '--quiet', '--profile', 'published', FIRST)).status).to.equal(0);
    const unknown = await svmSim('run', '--profile', 'publishd', FIRST);
    expect(unknown.status).to.equal(2);
    expect(unknown.err).to.contain('Did you mean "published"?');
  });

  it('runs nothing when one of the files is wrong', async () => {
    const { status, out, err } = await svmSim('run', FIRST, join(folder, 'none.yaml'));
    expect(status).to.equal(2);
    expect(err).to.contain('there is no such file');
    expect(out).not.to.contain('host boots');
  });

  it('ends with status 3 when the TPM cannot be had', async () => {
    const { status, err } = await svmSim('run', '--tpm', 'swtpm:unix:/nowhere/tpm.sock', FIRST);
    expect(err).to.match(/nowhere/);
    expect(status).to.equal(3);
    expect((await svmSim('run', '--tpm', 'embeded', FIRST)).err).to.contain('Did you mean "embedded"?');
  });

  it('uses a TPM of this machine only with --allow-hardware', async () => {
    const refused = await svmSim('run', '--tpm', 'device:/dev/null', FIRST);
    expect(refused.status).to.equal(2);
    expect(refused.err).to.contain('/dev/null is a TPM of this machine').and.to.contain('Add --allow-hardware');
    const allowed = await svmSim('run', '--tpm', 'device:/dev/null', '--allow-hardware', FIRST);
    expect(allowed.err, 'it is asked, and is none').to.contain('gave 0 bytes that are no response');
  });

  it('ends with status 130 when it is interrupted, and leaves a whole trace of what was done', async () => {
    const stop = new AbortController();
    const trace = join(folder, 'interrupted');
    let said = '';
    const out = (text: string): void => {
      said += text;
      if (text.includes('✓ host boots')) stop.abort();
    };
    const { status } = await svmSimWith({ signal: stop.signal, out }, 'run', '--trace', trace, FIRST);
    expect(status).to.equal(130);
    expect(said).to.contain('INTERRUPTED').and.to.contain('4 of 5 steps were not run: interrupted');
    expect((await readTrace(trace)).runs[0]?.ok).to.equal(false);
  });
});
