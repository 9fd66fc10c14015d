import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readTrace } from '../../src/trace/index.ts';
import { CaptureReader } from '../../src/traffic/index.ts';
import { svmSim } from './stand-in-io.ts';

const FIRST = 'fixtures/scenarios/first-boot.yaml';

describe('svm-sim trace', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-trace-'));
  const [first, again, other] = ['first', 'again', 'other'].map(name => join(folder, name)) as [string, string, string];
  before(async () => {
    await svmSim('run', '--quiet', '--trace', first, FIRST);
    await svmSim('run', '--quiet', '--trace', again, FIRST);
    await svmSim('run', '--quiet', '--seed', '9', '--trace', other, FIRST);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('shows a trace, with the number of each event', async () => {
    const { status, out } = await svmSim('trace', 'show', first);
    expect(status).to.equal(0);
    expect(out).to.match(/^ +#\d+ +\d+\.\d{3} ms {2}tpmrm +● +TPM2_RSA_Decrypt/m);
  });

  it('finds events by a regular expression, routine ones too', async () => {
    const { out } = await svmSim('trace', 'show', first, '--grep', 'tpm2_rsa_decrypt');
    expect(out.match(/TPM2_RSA_Decrypt/g)).to.have.length(2);
    const { status, err } = await svmSim('trace', 'show', first, '--grep', '(');
    expect(status).to.equal(2);
    expect(err).to.contain('--grep');
  });

  it('shows as the hypervisor nothing of host boot, of the secrets, of what the SVM asks the Ultravisor', async () => {
    const { out } = await svmSim('trace', 'show', first, '--as', 'hypervisor', '--verbose');
    expect(out).to.contain('TPM2_RSA_Decrypt').and.to.contain('H_TPM_COMM');
    for (const unseen of ['TPM2_CreatePrimary', 'a secret is born', 'UV_ESMB_GET_FILE', 'digest-kernel', 'UV_ESM ']) {
      expect(out).not.to.contain(unseen);
    }
    expect((await svmSim('trace', 'show', first, '--as', 'svm')).out).to.contain('UV_ESMB_GET_FILE');
    const { status, err } = await svmSim('trace', 'show', first, '--as', 'hypervisr');
    expect(status).to.equal(2);
    expect(err).to.contain('Did you mean "hypervisor"?');
  });

  it('shows everything about one event, bytes and fields', async () => {
    const { runs } = await readTrace(first);
    const event = runs[0]?.events.find(({ kind, data }) => kind === 'tpm.command' && 'name' in data && data.name === 'TPM2_RSA_Decrypt');
    const { out } = await svmSim('trace', 'show', first, '--event', String(event?.seq));
    expect(out).to.match(/^in the course of #\d+ {2}vm asks to become secure$/m);
    expect(out).to.match(/^ +91 \+258 +cipherText +TPM2B_PUBLIC_KEY_RSA +256 bytes/m);
    expect(out).to.contain('00000000  80 02 00 00 01 61');
    const boot = await svmSim('trace', 'show', first, '--event', '2', '--as', 'hypervisor');
    expect(boot).to.deep.include({ status: 2, out: '' });
    expect(boot.err).to.contain('the hypervisor sees nothing of event #2');
    expect((await svmSim('trace', 'show', first, '--event', '99999')).err).to.contain('there is no event #99999');
  });

  it('shows who knows which secret', async () => {
    const { out } = await svmSim('trace', 'show', first, '--secrets');
    expect(out).to.match(/^wrapping-key-passwd of host .* #\d+/m);
    expect(out).not.to.contain('LEAKED');
  });

  it('says that two runs are the same, or where values differ and where their courses part', async () => {
    const same = await svmSim('trace', 'diff', first, again);
    expect(same.status).to.equal(0);
    expect(same.out).to.match(/The same \d+ events, byte for byte/);
    const seeds = await svmSim('trace', 'diff', first, other);
    expect(seeds.status).to.equal(1);
    expect(seeds.out)
      .to.contain('seed: 1 | 9')
      .and.to.match(/Values differ first at event #\d+/);
    const seen = await svmSim('trace', 'diff', first, other, '--as', 'hypervisor');
    expect(seen.out).to.match(/Values differ first at event #\d+[\s\S]*, byte \d+: [0-9a-f]+…? \| [0-9a-f]+/);
    expect(seeds.out).to.contain('The same happened in both');
    const published = join(folder, 'published');
    await svmSim('run', '--quiet', '--profile', 'published', '--trace', published, FIRST);
    const profiles = await svmSim('trace', 'diff', first, published);
    expect(profiles.out)
      .to.contain('profile: documented | published')
      .and.to.match(/The runs part at event #\d+/);
  });

  it('exports the TPM traffic, a diagram and JSON', async () => {
    const pcap = join(folder, 'out.pcapng');
    expect((await svmSim('trace', 'export', first, '--pcap', pcap)).status).to.equal(0);
    expect(new CaptureReader().push(readFileSync(pcap)).length).to.be.greaterThan(80);
    expect((await svmSim('trace', 'export', first, '--mermaid')).out).to.match(/^sequenceDiagram\n {2}participant owner as Owner/);
    const { out } = await svmSim('trace', 'export', first, '--json');
    expect((await svmSim('run', '--json', FIRST)).out.split('\n')[5]).to.equal(out.split('\n')[5]);
    expect((await svmSim('trace', 'export', first)).status).to.equal(2);
  });
});
