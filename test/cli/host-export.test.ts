import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadScenario, runScenario } from '../../src/scenario/index.ts';
import { type EsmFolder, esmFolder } from './esm-folder.ts';
import { svmSim } from './stand-in-io.ts';

const FILES = ['ak.pem', 'ca.pem', 'chain.pem', 'ek.pem', 'wrapping-key.pem', 'wrapping-key.pub.pem'];

describe('svm-sim host export', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-host-'));
  const path = (...parts: string[]) => join(folder, ...parts);
  const read = (host: string, file: string) => readFileSync(path(host, file));
  let esm: EsmFolder;
  before(async () => {
    esm = esmFolder('02-three-recipients');
    const { status, out, err } = await svmSim('host', 'export', '-o', path('one'));
    expect({ status, err }).to.deep.equal({ status: 0, err: '' });
    expect(out).to.match(/host: TPM embedded, seed 1\n(.*\n){6}$/);
  });
  after(() => {
    rmSync(folder, { recursive: true });
    esm.remove();
  });

  const authorize = (...args: readonly string[]) => {
    esm.restore('esm_blob.dtb');
    return svmSim('esm', 'authorize', '-b', esm.path('esm_blob.dtb'), '-s', esm.path('origin.key'), ...args);
  };
  const chain = (host = 'one') => ['--cert', path(host, 'chain.pem'), '--ca', path(host, 'ca.pem')];

  it('writes key and certificates, and the same seed the same bytes', async () => {
    expect(readdirSync(path('one')).sort()).to.deep.equal(FILES);
    await svmSim('host', 'export', '-o', path('again'), '--seed', '1');
    await svmSim('host', 'export', '-o', path('other'), '--seed', '2');
    for (const file of FILES) {
      expect(read('again', file).equals(read('one', file)), file).to.equal(true);
      expect(read('other', file).equals(read('one', file)), file).to.equal(false);
    }
  });

  it('esm authorize --cert takes the key, and says what its policy is worth', async () => {
    const { status, err } = await authorize(...chain(), '-c', 'by its certificate', '-v');
    expect(status, err).to.equal(0);
    expect(err).to.contain('CN=wrapping key of host: made by its TPM and kept there').and.to.contain('PCR 16');
    expect((await svmSim('esm', 'display', '-b', esm.path('esm_blob.dtb'))).out).to.contain('untrusted-comment by its certificate');
    expect((await authorize(...chain(), '-p', path('one', 'wrapping-key.pub.pem'))).status).to.equal(0);
  });

  it('the key of a scenario is the one that a run of it has', async () => {
    const text = readFileSync('fixtures/scenarios/fresh-host.yaml', 'utf8').replaceAll('../observed', `${process.cwd()}/fixtures/observed`);
    writeFileSync(path('fresh.yaml'), text);
    expect((await svmSim('host', 'export', path('fresh.yaml'), '-o', path('fresh'))).status).to.equal(0);
    // The same, with the exported file as the recipient in place of the host.
    const given = text.replace('- { host: host,', '- { file: fresh/wrapping-key.pub.pem,');
    expect(given).to.contain('wrapping-key.pub.pem');
    writeFileSync(path('given.yaml'), given);
    expect((await runScenario(await loadScenario(path('given.yaml')))).ok).to.equal(true);
  });

  it('a TPM that is kept has the exported key in later runs, and says only once that it made it', async () => {
    const kept = ['--tpm-state', path('kept')];
    expect((await svmSim('host', 'export', '-o', path('first'), '--seed', '9', ...kept)).err).to.equal('');
    const later = await svmSim('host', 'export', '-o', path('second'), '--seed', '10', ...kept);
    expect(later.err).to.contain('it was imported, or there before');
    expect(read('second', 'wrapping-key.pub.pem').equals(read('first', 'wrapping-key.pub.pem'))).to.equal(true);
    expect((await authorize(...chain('second'))).err).to.contain('TPM2_CertifyCreation is missing');
  });

  it('a key that was imported is exported with a warning, and refused', async () => {
    const { status, err } = await svmSim('host', 'export', 'fixtures/scenarios/first-boot.yaml', '-o', path('imported'));
    expect(status).to.equal(0);
    expect(err).to.contain('The TPM does not say that it made this key');
    const refused = await authorize(...chain('imported'));
    expect(refused.status).to.equal(2);
    expect(refused.err).to.contain('TPM2_CertifyCreation is missing');
  });

  const mixed: readonly (readonly [what: string, args: () => readonly string[], told: RegExp])[] = [
    ['without a CA to trust', () => ['--cert', path('one', 'chain.pem')], /nothing says that ".*" may be trusted\n.*Give --ca FILE/],
    [
      'with the CA of others',
      () => ['--cert', path('one', 'chain.pem'), '--ca', path('other', 'ca.pem')],
      /the signature of .* does not hold/,
    ],
    ['with the key of another host', () => [...chain(), '-p', esm.path('tpm1.pub.pem')], /the certificate is about another key/],
    ['when it has expired', () => [...chain(), '--at', '2050-06-01'], /expired on 2049-12-24T00:00:00Z/],
    ['before it is valid', () => [...chain(), '--at', '2019-12-31T23:59:59Z'], /valid from 2020-01-01T00:00:00Z on/],
    ['with a date that is none', () => [...chain(), '--at', '2026-02-30'], /"2026-02-30" is no date/],
    [
      'with one certificate of three',
      () => ['--cert', path('one', 'ek.pem'), '--ca', path('one', 'ca.pem')],
      /no certificate of a wrapping key/,
    ],
    [
      'with a key in place of certificates',
      () => ['--cert', esm.path('tpm1.pub.pem'), '--ca', path('one', 'ca.pem')],
      /no PEM block "CERTIFICATE"/,
    ],
    [
      'with a file that is not there',
      () => ['--cert', path('none.pem'), '--ca', path('one', 'ca.pem')],
      /none\.pem: the file cannot be read \(ENOENT\)/,
    ],
    ['with neither key nor certificates', () => [], /there is no key to authorize/],
    ['with a CA but no certificates', () => ['-p', esm.path('tpm1.pub.pem'), '--ca', path('one', 'ca.pem')], /Give --cert CHAIN as well/],
  ];
  for (const [what, args, told] of mixed) {
    it(`a host ${what} is not authorized, and the blob stays as it is`, async () => {
      const { status, err } = await authorize(...args());
      expect(status).to.equal(2);
      expect(err).to.match(told);
      expect(esm.read('esm_blob.dtb').equals(Buffer.from(esm.recorded.read('esm_blob.dtb')))).to.equal(true);
    });
  }

  it('parts of two hosts do not make one', async () => {
    const parts = [read('one', 'wrapping-key.pem'), read('other', 'ak.pem'), read('one', 'ek.pem')];
    writeFileSync(path('mixed.pem'), Buffer.concat(parts));
    const { status, err } = await authorize('--cert', path('mixed.pem'), '--ca', path('one', 'ca.pem'));
    expect(status).to.equal(2);
    expect(err).to.match(/certificate 2 at byte \d+: the signature of .* does not hold/);
  });

  it('refuses what cannot be, and writes nothing', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['-o', path('one')], /the file exists[\s\S]*--force/],
      [['fixtures/scenarios/good/two-hosts.yaml', '-o', path('x')], /several hosts[\s\S]*Give --host/],
      [['fixtures/scenarios/good/two-hosts.yaml', '-o', path('x'), '--host', 'nix'], /no host "nix"/],
      [['-o', path('x'), '--profile', 'publishd'], /Did you mean "published"/],
      [['-o', path('x'), '--not-before', 'today'], /"today" is no date/],
      [['-o', path('x'), '--days', '0'], /"0" is no number of days/],
      [['none.yaml', '-o', path('x')], /none\.yaml/],
      [[], /required option '-o, --output <folder>'/],
    ];
    for (const [args, told] of cases) {
      const { status, err } = await svmSim('host', 'export', ...args);
      expect({ args, status, told: told.test(err) ? true : err }).to.deep.equal({ args, status: 2, told: true });
    }
    expect(readdirSync(folder)).to.not.include('x');
  });

  it('dates and profile are those that are asked for', async () => {
    const args = ['--not-before', '2026-01-31T12:00:00Z', '--days', '1', '--profile', 'hardened'];
    expect((await svmSim('host', 'export', '-o', path('day'), ...args)).status).to.equal(0);
    const { status, err } = await authorize(...chain('day'), '--at', '2026-02-01');
    expect({ status, err }, 'bound to PCR 6: nothing to note').to.deep.equal({ status: 0, err: '' });
    expect((await authorize(...chain('day'), '--at', '2026-02-02')).err).to.contain('expired on 2026-02-01T12:00:00Z');
  });
});
