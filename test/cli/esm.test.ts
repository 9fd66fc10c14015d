import { createPrivateKey } from 'node:crypto';
import { statSync } from 'node:fs';
import { expect } from 'chai';
import { structureOf } from '../../src/conform/kinds/esm/rebuild-blob.ts';
import { openDigests, openEsmBlob, readEsmBlob } from '../../src/svm/format/index.ts';
import { caseNames, recorded } from '../svm/vectors.ts';
import { type EsmFolder, esmFolder } from './esm-folder.ts';
import { type Said, svmSim } from './stand-in-io.ts';

const DONE: Said = { status: 0, out: '', err: '' };

describe('svm-sim esm: blobs of the real svm-tool', () => {
  for (const name of caseNames) {
    it(`${name}: display prints what svm-tool printed`, async () => {
      const { folder, manifest } = recorded(name);
      expect(await svmSim('esm', 'display', '-b', `${folder}/${manifest.blob}`)).to.deep.equal({ ...DONE, out: manifest.displayOutput });
    });
  }

  it('the recorded commands make a blob of the same structure', async () => {
    const folder = esmFolder('04-authorize-after-make');
    const { path, recorded: real } = folder;
    const passphrase = folder.write('passphrase', `${real.manifest.originKeyPassphrase}\nnot this line\n`);
    const secret = ['-s', path('origin.key'), '--passphrase-file', passphrase];
    const blob = ['-b', path('ours.dtb')];
    const commands = [
      ['make', ...blob, '-y', path('svm_blob.yml'), '--passphrase-file', passphrase],
      ['authorize', '-c', 'second machine', ...blob, '-p', path('tpm2.pub.pem'), ...secret],
      ['attach', '-c', 'attached after make', '-r', 'late-1', ...blob, '-f', path('attachments/late.txt'), ...secret],
    ];
    for (const command of commands) expect(await svmSim('esm', ...command), command[0]).to.deep.equal(DONE);
    expect(structureOf(readEsmBlob(folder.read('ours.dtb')).tree)).to.deep.equal(structureOf(real.blob.tree));
    folder.remove();
  });
});

describe('svm-sim esm: the life of a blob', () => {
  let folder: EsmFolder;
  let path: EsmFolder['path'];
  before(() => {
    folder = esmFolder('02-three-recipients');
    ({ path } = folder);
  });
  after(() => folder.remove());

  const esm = (...argv: readonly string[]): Promise<Said> => svmSim('esm', ...argv);
  const B = (): readonly string[] => ['-b', path('b.dtb')];
  const S = (): readonly string[] => ['-s', path('origin.key')];
  const names = (): readonly string[] => readEsmBlob(folder.read('b.dtb')).lockboxes.map(({ name }) => name);

  it('create makes a blob with the lockbox of the origin', async () => {
    expect(await esm('create', ...B(), '-p', path('origin.pub'), '-c', 'mine')).to.deep.equal(DONE);
    expect(readEsmBlob(folder.read('b.dtb')).lockboxes)
      .to.have.lengthOf(1)
      .and.to.have.nested.property('0.comment', 'mine');
  });

  it('authorize adds recipients, revoke removes one and leaves the numbers', async () => {
    for (const key of ['tpm1', 'tpm2']) expect(await esm('authorize', ...B(), ...S(), '-p', path(`${key}.pub.pem`))).to.deep.equal(DONE);
    expect(await esm('revoke', ...B(), '-p', path('tpm1.pub.pem'))).to.deep.equal(DONE);
    expect(names()).to.deep.equal(['lockbox-2', 'origin-lockbox']);
  });

  it('digest, which svm-tool cannot do alone, measures an ELF kernel', async () => {
    const { manifest, read } = folder.recorded;
    const bootargs = Buffer.from(read('bootargs.txt')).toString();
    expect(await esm('digest', ...B(), ...S(), '-a', bootargs, '-i', path('initrd.img'), '-k', path('vmlinux'))).to.deep.equal(DONE);
    const blob = readEsmBlob(folder.read('b.dtb'));
    const { privateKey } = await folder.recorded.privateKey('tpm2.pem');
    const digests = openDigests(blob, openEsmBlob(blob, privateKey));
    expect(Buffer.from(digests.kernel).toString('hex')).to.equal(manifest.digests.kernel);
    expect(Buffer.from(digests.bootargs).toString('hex')).to.equal(manifest.digests.bootargs);
  });

  it('attach, extract and detach, of which svm-tool can do the first', async () => {
    expect(await esm('attach', ...B(), ...S(), '-f', path('attachments/rootd'))).to.deep.equal(DONE);
    const text = folder.recorded.read('attachments/rootd');
    const secret = ['-s', path('tpm2.pem'), '-f', 'rootd'];
    expect(await esm('extract', ...B(), ...secret)).to.deep.equal({ ...DONE, out: Buffer.from(text).toString() });
    expect(await esm('extract', ...B(), ...secret, '-o', path('out'))).to.deep.equal(DONE);
    expect(new Uint8Array(folder.read('out'))).to.deep.equal(text);
    expect(statSync(path('out')).mode & 0o077).to.equal(0);
    expect(await esm('extract', ...B(), ...secret, '-o', path('out'))).to.include({ status: 2 });
    expect(await esm('extract', ...B(), ...secret, '-o', path('out'), '--force')).to.deep.equal(DONE);
    expect(await esm('detach', ...B(), '-f', 'rootd')).to.deep.equal(DONE);
    expect(readEsmBlob(folder.read('b.dtb')).attachments).to.deep.equal([]);
  });

  it('rotate shuts out who was revoked and kept an old copy', async () => {
    const blob = readEsmBlob(folder.read('b.dtb'));
    const { privateKey } = await folder.recorded.privateKey('tpm2.pem');
    const old = openEsmBlob(blob, privateKey);
    expect(await esm('rotate', ...B(), ...S()))
      .to.include({ status: 2 })
      .and.to.have.property('err')
      .that.contains('lockbox-2');
    expect(await esm('rotate', ...B(), ...S(), '-p', path('tpm2.pub.pem'))).to.deep.equal(DONE);
    const rotated = readEsmBlob(folder.read('b.dtb'));
    expect(Buffer.compare(openEsmBlob(rotated, privateKey), old)).to.not.equal(0);
    expect(() => openDigests(rotated, old)).to.throw('tag');
  });

  it('-n does everything and writes nothing; -vv tells', async () => {
    const before = folder.read('b.dtb');
    const { status, err } = await esm('authorize', '-n', '-v', '-v', ...B(), ...S(), '-p', path('tpm3.pub.pem'));
    expect(status).to.equal(0);
    expect(err)
      .to.match(/^esm: debug2: lockbox-2: SHA256: [0-9a-f]{64}\n/)
      .and.to.contain('is not written');
    expect(folder.read('b.dtb').equals(before)).to.equal(true);
    expect(await esm('create', '-n', '-b', path('none.dtb'), '-p', path('origin.pub'))).to.deep.equal(DONE);
    expect(folder.list()).to.not.include('none.dtb');
  });

  it('generate makes a key pair that only its passphrase opens, and does not write over one', async () => {
    const passphrase = folder.write('passphrase', 'correct horse\n');
    const pair = ['-p', path('new.pub'), '-s', path('new.key'), '--passphrase-file', passphrase];
    expect(await esm('generate', '-n', ...pair)).to.deep.equal(DONE);
    expect(folder.list()).to.not.include('new.key');
    expect(await esm('generate', ...pair)).to.deep.equal(DONE);
    expect(statSync(path('new.key')).mode & 0o077).to.equal(0);
    const key = createPrivateKey({ key: folder.read('new.key'), passphrase: 'correct horse' });
    expect(key.asymmetricKeyDetails).to.include({ modulusLength: 2048 });
    expect(await esm('generate', ...pair))
      .to.include({ status: 2 })
      .and.to.have.property('err')
      .that.contains('the file exists');
    expect(await esm('create', '-b', path('c.dtb'), '-p', path('new.pub'))).to.deep.equal(DONE);
  });

  it('leaves no temporary file behind', () => {
    expect(folder.list().filter(name => name.startsWith('.'))).to.deep.equal([]);
  });
});
