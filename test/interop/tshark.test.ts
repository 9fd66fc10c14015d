import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readTrace } from '../../src/trace/index.ts';
import { svmSim } from '../cli/stand-in-io.ts';

const installed = spawnSync('tshark', ['--version']).status === 0;

describe('tshark reads the exported capture', function () {
  this.timeout(120_000);
  if (!installed) {
    it('is not installed');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-tshark-'));
  const [trace, pcap] = [join(folder, 'trace'), join(folder, 'out.pcapng')];
  const tshark = (...args: string[]): string[] =>
    execFileSync('tshark', ['-r', pcap, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 })
      .split('\n')
      .filter(line => line !== '');
  before(async () => {
    await svmSim('run', '--quiet', '--trace', trace, 'fixtures/scenarios/fresh-host.yaml');
    expect((await svmSim('trace', 'export', trace, '--pcap', pcap)).status).to.equal(0);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('names every command and response of the run, as TPM 2.0, without any setting', async () => {
    const { runs } = await readTrace(trace);
    const events = runs.flatMap(run => run.events).filter(({ kind }) => kind === 'tpm.command' || kind === 'tpm.response');
    const rows = tshark(
      '-Y',
      'tpm',
      '-T',
      'fields',
      '-e',
      'frame.protocols',
      '-e',
      'tpm.req.cc',
      '-e',
      'tpm.resp.rc',
      '-e',
      '_ws.col.Info',
    );
    expect(rows.length).to.equal(events.length).and.to.be.greaterThan(150);
    rows.forEach((row, i) => {
      const { data } = events[i] ?? {};
      if (!data || !('via' in data)) throw new Error(`event ${i}`);
      expect(row).to.match(/raw:ip:tcp:tpm/);
      expect(row).to.contain(events[i]?.kind === 'tpm.command' ? data.name.replace('TPM2_', 'TPM2_CC_') : '[TPM Response]');
    });
  });

  it('finds nothing wrong with the connections or the packets', () => {
    expect(
      tshark('-Y', 'tcp.analysis.flags || _ws.malformed || tcp.checksum.status == "Bad"', '-o', 'tcp.check_checksum:TRUE'),
    ).to.deep.equal([]);
    expect(tshark('-Y', 'ip.checksum.status == "Bad"', '-o', 'ip.check_checksum:TRUE')).to.deep.equal([]);
  });

  it('shows the hypercalls and ultracalls in whose course a message travelled', () => {
    const comments = tshark('-Y', 'tpm.req.cc == 0x159', '-T', 'fields', '-e', 'frame.comment');
    expect(comments.join('\n'))
      .to.match(/svm-sim event #\d+, space 1/)
      .and.to.contain('UV_ESM')
      .and.to.contain('H_TPM_COMM');
  });

  it('names the actors', () => {
    expect(tshark('-N', 'n', '-Y', 'tpm.req.cc == 0x159').join('\n')).to.match(/spapr-tpm-proxy\.host → tpmrm\.host/);
  });
});
