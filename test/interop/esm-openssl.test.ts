import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { openEsmBlob, readEsmBlob } from '../../src/svm/format/index.ts';
import { type EsmFolder, esmFolder } from '../cli/esm-folder.ts';
import { svmSim } from '../cli/stand-in-io.ts';

const OPENSSL = 'openssl';
const missing = spawnSync(OPENSSL, ['version']).error !== undefined;

describe('svm-sim esm and openssl', () => {
  let folder: EsmFolder;
  let path: EsmFolder['path'];
  before(function () {
    if (missing) {
      console.log('      skipped: openssl not installed');
      this.skip();
    }
    folder = esmFolder('02-three-recipients');
    ({ path } = folder);
  });
  after(() => folder?.remove());

  const openssl = (...args: readonly string[]): Buffer => {
    const { status, stdout, stderr } = spawnSync(OPENSSL, args);
    expect(status, `openssl ${args.join(' ')}: ${stderr.toString()}`).to.equal(0);
    return stdout;
  };

  const forms: readonly { readonly about: string; readonly make: readonly string[] }[] = [
    { about: 'PKCS#8', make: ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'] },
    { about: 'PKCS#8 with AES-256 and PBKDF2', make: ['pkcs8', '-topk8', '-in', 'plain', '-v2', 'aes-256-cbc', '-passout', 'pass:a b'] },
    { about: 'PKCS#8 with scrypt', make: ['pkcs8', '-topk8', '-in', 'plain', '-scrypt', '-passout', 'pass:a b'] },
    { about: 'PKCS#1', make: ['rsa', '-in', 'plain', '-traditional'] },
    { about: 'PKCS#1 with DES-EDE3', make: ['rsa', '-in', 'plain', '-traditional', '-des3', '-passout', 'pass:a b'] },
    { about: 'PKCS#1 with AES-128', make: ['rsa', '-in', 'plain', '-traditional', '-aes128', '-passout', 'pass:a b'] },
  ];
  for (const { about, make } of forms) {
    it(`a private key in ${about} opens the blob that was made for it`, async () => {
      if (about === 'PKCS#8') {
        openssl(...make, '-out', path('plain'));
        openssl('pkey', '-in', path('plain'), '-pubout', '-out', path('plain.pub'));
        expect(await svmSim('esm', 'create', '-b', path('b.dtb'), '-p', path('plain.pub'))).to.include({ status: 0, err: '' });
        const attach = ['-b', path('b.dtb'), '-f', path('attachments/rootd'), '-s', path('plain')];
        expect(await svmSim('esm', 'attach', ...attach)).to.include({ status: 0, err: '' });
      } else openssl(...make.map(word => (word === 'plain' ? path('plain') : word)), '-out', path('key'));
      const key = about === 'PKCS#8' ? path('plain') : path('key');
      const argv = ['-b', path('b.dtb'), '-f', 'rootd', '-s', key, '--passphrase-file', folder.write('passphrase', 'a b\n')];
      const { status, out, err } = await svmSim('esm', 'extract', ...argv);
      expect({ status, err }).to.deep.equal({ status: 0, err: '' });
      expect(out).to.equal(folder.read('attachments/rootd').toString());
    });
  }

  it('openssl opens our lockbox, to the key that decrypts the attachments', async () => {
    const argv = ['-b', path('esm_blob.dtb'), '-p', path('plain.pub'), '-s', path('origin.key')];
    expect(await svmSim('esm', 'authorize', ...argv)).to.include({ status: 0, err: '' });
    const blob = readEsmBlob(folder.read('esm_blob.dtb'));
    folder.write('lockbox', blob.lockboxes.find(({ name }) => name === 'lockbox-4')!.encryptedSymkey);
    const oaep = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256'].flatMap(option => ['-pkeyopt', option]);
    const opened = openssl('pkeyutl', '-decrypt', '-inkey', path('plain'), '-in', path('lockbox'), ...oaep);
    const { privateKey } = await folder.recorded.privateKey('origin.key');
    expect(opened.equals(openEsmBlob(blob, privateKey))).to.equal(true);
  });

  it('openssl takes the key pair that we generate, with its passphrase', async () => {
    const passphrase = folder.write('passphrase', 'correct horse\n');
    const argv = ['-p', path('new.pub'), '-s', path('new.key'), '--passphrase-file', passphrase];
    expect(await svmSim('esm', 'generate', ...argv)).to.include({ status: 0 });
    const pub = openssl('rsa', '-in', path('new.key'), '-passin', `file:${passphrase}`, '-check', '-pubout');
    expect(pub.toString().replace('RSA key ok\n', '')).to.equal(folder.read('new.pub').toString());
  });
});
