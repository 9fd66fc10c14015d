import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { esmFolder } from '../cli/esm-folder.ts';
import { svmSim } from '../cli/stand-in-io.ts';

const missing = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args).error !== undefined;

describe("a host's certificates and the real programs", () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-certificates-'));
  const path = (...parts: string[]) => join(folder, ...parts);
  after(() => rmSync(folder, { recursive: true }));

  const openssl = (...args: readonly string[]): { status: number | null; out: string } => {
    const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    return { status, out: stdout + stderr };
  };

  describe('openssl', () => {
    before(async function () {
      if (missing('openssl', 'version')) {
        console.log('      skipped: openssl is not installed');
        this.skip();
      }
      for (const seed of ['1', '2']) expect((await svmSim('host', 'export', '-o', path(seed), '--seed', seed)).status).to.equal(0);
    });

    it('verifies every certificate, strictly', () => {
      for (const file of ['wrapping-key.pem', 'ak.pem', 'ek.pem', 'ca.pem']) {
        const { status, out } = openssl(
          'verify',
          '-x509_strict',
          '-CAfile',
          path('1', 'ca.pem'),
          '-untrusted',
          path('1', 'ek.pem'),
          path('1', file),
        );
        expect({ status, out }).to.deep.equal({ status: 0, out: `${path('1', file)}: OK\n` });
      }
      expect(openssl('verify', '-CAfile', path('2', 'ca.pem'), path('1', 'wrapping-key.pem')).status, 'with the CA of others').to.not.equal(
        0,
      );
    });

    it('reads what is in them', () => {
      const text = (file: string) => openssl('x509', '-in', path('1', file), '-noout', '-text').out;
      expect(text('wrapping-key.pem'))
        .to.match(/Subject: CN = wrapping key of host/)
        .and.match(/Not Before: Jan {2}1 00:00:00 2020 GMT/)
        .and.match(/X509v3 Key Usage: critical\s+Key Encipherment/)
        .and.match(/1\.3\.6\.1\.4\.1\.32473\.6\.1:/);
      expect(text('ek.pem'))
        .to.match(/2\.23\.133\.8\.1/)
        .and.match(/DirName:.*2\.23\.133\.2\.1=id:49424D00/);
      expect(text('ca.pem')).to.match(/CA:TRUE, pathlen:0/);
      expect(openssl('x509', '-in', path('1', 'wrapping-key.pem'), '-noout', '-pubkey').out).to.equal(
        readFileSync(path('1', 'wrapping-key.pub.pem'), 'utf8'),
      );
    });
  });

  it('a real swtpm attests its wrapping key as the embedded TPM does', async function () {
    if (missing('swtpm', '--version')) {
      console.log('      skipped: swtpm is not installed (apt install swtpm)');
      this.skip();
    }
    const { status, err } = await svmSim('host', 'export', '-o', path('swtpm'), '--tpm', 'swtpm');
    expect(status, err).to.equal(0);
    const esm = esmFolder('01-minimal');
    try {
      const certificates = ['--cert', path('swtpm', 'chain.pem'), '--ca', path('swtpm', 'ca.pem')];
      const authorized = await svmSim('esm', 'authorize', '-b', esm.path('esm_blob.dtb'), '-s', esm.path('origin.key'), ...certificates);
      expect(authorized.status, authorized.err).to.equal(0);
    } finally {
      esm.remove();
    }
  });
});
