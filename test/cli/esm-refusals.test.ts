import { chmodSync, mkdirSync } from 'node:fs';
import { expect } from 'chai';
import { setProperty, text, writeFdt } from '../../src/svm/format/index.ts';
import { type EsmFolder, esmFolder } from './esm-folder.ts';
import { svmSim } from './stand-in-io.ts';

describe('svm-sim esm refuses, with status 2 and the place', () => {
  let folder: EsmFolder;
  let path: EsmFolder['path'];
  before(() => {
    folder = esmFolder('02-three-recipients');
    ({ path } = folder);
  });
  after(() => folder.remove());

  const real = (): Buffer => Buffer.from(folder.recorded.bytes);
  const changed = (change: (blob: Buffer) => number): Buffer => {
    const blob = real();
    change(blob);
    return blob;
  };
  const nested = (depth: number): Buffer => {
    const node = Buffer.from('0000000161000000', 'hex');
    const structure = Buffer.concat([
      Buffer.from('0000000100000000', 'hex'),
      ...Array<Buffer>(depth).fill(node),
      ...Array<Buffer>(depth + 1).fill(Buffer.from('00000002', 'hex')),
      Buffer.from('00000009', 'hex'),
    ]);
    const header = [0xd00dfeed, 56 + structure.length, 56, 56 + structure.length, 40, 17, 16, 0, 0, structure.length];
    const head = Buffer.alloc(56);
    header.forEach((value, i) => head.writeUInt32BE(value, i * 4));
    return Buffer.concat([head, structure]);
  };

  const trees: readonly { readonly about: string; readonly bytes: () => Uint8Array; readonly says: RegExp }[] = [
    { about: 'an empty file', bytes: () => Buffer.alloc(0), says: /at byte 0: .*\n +The file is cut off/ },
    { about: 'a header alone', bytes: () => real().subarray(0, 40), says: /header\.totalsize at byte 4/ },
    { about: 'a blob without its last byte', bytes: () => real().subarray(0, -1), says: /totalsize at byte 4: the tree has \d+ bytes/ },
    { about: 'another kind of file', bytes: () => Buffer.from('x'.repeat(100)), says: /header\.magic at byte 0: 0x78787878/ },
    { about: 'a cpio archive', bytes: () => Buffer.from('070701'.padEnd(200, '0')), says: /cpio archive/ },
    {
      about: 'a tree that claims more than it has',
      bytes: () => changed(blob => blob.writeUInt32BE(0xffff_ffff, 4)),
      says: /totalsize at byte 4/,
    },
    {
      about: 'blocks that overlap',
      bytes: () => changed(blob => blob.writeUInt32BE(blob.readUInt32BE(8) + 8, 12)),
      says: /header\.off_dt_strings at byte 12: .*overlaps/,
    },
    {
      about: 'reservations that have no end',
      bytes: () => changed(blob => blob.writeUInt32BE(1, 44)),
      says: /reservations\[1\] at byte 56/,
    },
    { about: 'nodes within nodes without end', bytes: () => nested(100), says: /at byte \d+: .*(deep|levels)/ },
    {
      about: 'another device tree',
      bytes: () => writeFdt(setProperty(folder.recorded.blob.tree, '/', 'compatible', text('ibm,powernv'))),
      says: /compatible.*is not "ibm,esm"/,
    },
    {
      about: 'an unknown cipher',
      bytes: () => writeFdt(setProperty(folder.recorded.blob.tree, '/digest/digests-fdt', 'algorithm', text('AES256-CBC'))),
      says: /algorithm at byte \d+: "AES256-CBC", only AES256-GCM is known/,
    },
    {
      about: 'an unknown fingerprint',
      bytes: () => writeFdt(setProperty(folder.recorded.blob.tree, '/lockboxes/lockbox-1/pubkey-fingerprint', 'algorithm', text('MD5'))),
      says: /lockbox-1\/pubkey-fingerprint\/algorithm at byte \d+: "MD5", only SHA256 is known/,
    },
  ];
  for (const { about, bytes, says } of trees) {
    it(`as a blob: ${about}`, async () => {
      const blob = folder.write('bad.dtb', bytes());
      const files = folder.list();
      for (const command of [
        ['display', '-b', blob],
        ['inspect', blob],
        ['detach', '-b', blob, '-f', 'rootd'],
      ]) {
        const { status, out, err } = await svmSim('esm', ...command);
        expect({ status, out }, command[0]).to.deep.equal({ status: 2, out: '' });
        expect(err, command[0])
          .to.match(says)
          .and.to.match(/^\S*bad\.dtb: /);
      }
      expect(await svmSim('svm', 'add', '-i', path('initrd.img'), '-b', blob, '-f', path('o.img'))).to.include({ status: 2 });
      expect(folder.list()).to.deep.equal(files);
      expect(folder.read('bad.dtb').equals(bytes())).to.equal(true);
    });
  }

  const refusals: readonly { readonly about: string; readonly argv: () => readonly string[]; readonly says: RegExp }[] = [
    {
      about: 'a private key for a public one',
      argv: () => ['create', '-b', path('x.dtb'), '-p', path('tpm1.pem')],
      says: /tpm1\.pem: this is a private key/,
    },
    {
      about: 'a public key for a private one',
      argv: () => ['extract', '-b', path('esm_blob.dtb'), '-f', 'rootd', '-s', path('tpm1.pub.pem')],
      says: /no RSA private key/,
    },
    {
      about: 'a key that is in the blob already',
      argv: () => ['authorize', '-b', path('esm_blob.dtb'), '-p', path('tpm1.pub.pem'), '-s', path('origin.key')],
      says: /esm_blob\.dtb: the key has the lockbox lockbox-1 already/,
    },
    {
      about: 'to revoke the origin',
      argv: () => ['revoke', '-b', path('esm_blob.dtb'), '-p', path('origin.pub')],
      says: /the origin cannot be revoked/,
    },
    {
      about: 'a key that has no lockbox',
      argv: () => ['extract', '-b', path('esm_blob.dtb'), '-f', 'rootd', '-s', folder.write('s.pem', foreignKey())],
      says: /esm_blob\.dtb: \/lockboxes: no lockbox has the fingerprint of this key/,
    },
    {
      about: 'a name that is in use',
      argv: () => ['attach', '-b', path('esm_blob.dtb'), '-f', path('attachments/rootd'), '-s', path('origin.key')],
      says: /esm_blob\.dtb: an attachment "rootd" is in the blob already/,
    },
    {
      about: 'a name that cannot be one',
      argv: () => ['attach', '-b', path('esm_blob.dtb'), '-f', path('initrd.img'), '-r', '../x', '-s', path('origin.key')],
      says: /cannot be the name of an attachment/,
    },
    {
      about: 'an attachment of more than 16 bits of length',
      argv: () => ['attach', '-b', path('esm_blob.dtb'), '-f', folder.write('big', Buffer.alloc(65536)), '-s', path('origin.key')],
      says: /files-fdt:\/files\/big: 65536 bytes.*16 bits/,
    },
    {
      about: 'attachments above the page of 64 KiB',
      argv: () => ['attach', '-b', path('esm_blob.dtb'), '-f', folder.write('big', Buffer.alloc(65300)), '-s', path('origin.key')],
      says: /the tree of attachments would have \d+ bytes, the Ultravisor's page 65536/,
    },
    {
      about: 'a comment of two lines',
      argv: () => ['create', '-b', path('x.dtb'), '-p', path('origin.pub'), '-c', 'a\nb'],
      says: /a comment cannot hold/,
    },
    { about: 'no attachment of this name', argv: () => ['detach', '-b', path('esm_blob.dtb'), '-f', 'none'], says: /Attachments: rootd/ },
    {
      about: 'a kernel that is a broken ELF file',
      argv: () => [
        ...['digest', '-b', path('esm_blob.dtb'), '-s', path('origin.key'), '-a', 'x', '-i', path('initrd.img')],
        ...['-k', folder.write('cut', folder.read('vmlinux').subarray(0, 1000))],
      ],
      says: /cut: .* at byte \d+.*\n.*broken vmlinux/,
    },
    {
      about: 'a file that is not there',
      argv: () => ['attach', '-b', path('esm_blob.dtb'), '-f', path('none'), '-s', path('origin.key')],
      says: /none: the file cannot be read \(ENOENT\)/,
    },
    {
      about: 'a recipe with a mistake',
      argv: () => ['make', '-b', path('x.dtb'), '-y', folder.write('bad.yml', '- orgin:\n    pubkey: x\n')],
      says: /bad\.yml:1:3: there is no item "orgin"\n.*"origin"/,
    },
    {
      about: 'one file for both keys',
      argv: () => ['generate', '-p', path('same'), '-s', path('./same')],
      says: /cannot be the same file/,
    },
    { about: 'a missing flag', argv: () => ['attach', '-b', path('esm_blob.dtb')], says: /required option/ },
  ];
  for (const { about, argv, says } of refusals) {
    it(about, async () => {
      const command = argv();
      const files = folder.list();
      const { status, out, err } = await svmSim('esm', ...command);
      expect({ status, out }).to.deep.equal({ status: 2, out: '' });
      expect(err).to.match(says);
      expect(folder.list()).to.deep.equal(files);
      expect(folder.read('esm_blob.dtb').equals(real())).to.equal(true);
    });
  }

  it('a wrong passphrase, and never shows key bytes', async () => {
    const other = esmFolder('04-authorize-after-make');
    const wrong = other.write('wrong', 'not it\n');
    const { status, err } = await svmSim(
      ...['esm', 'extract', '-b', other.path('esm_blob.dtb'), '-f', 'rootd'],
      ...['-s', other.path('origin.key'), '--passphrase-file', wrong],
    );
    other.remove();
    expect(status).to.equal(2);
    expect(err).to.match(/origin\.key: the passphrase does not open the private key/);
  });

  it('a folder it cannot write to is a fault of the environment: status 3, nothing left', async function () {
    if (process.getuid?.() === 0) {
      console.log('      skipped: root may write everywhere');
      this.skip();
    }
    mkdirSync(path('closed'));
    chmodSync(path('closed'), 0o555);
    expect(await svmSim('esm', 'create', '-b', path('closed/x.dtb'), '-p', path('origin.pub'))).to.include({ status: 3 });
  });

  it('a folder that is not there: status 3', async () => {
    const said = await svmSim('esm', 'create', '-b', path('none/x.dtb'), '-p', path('origin.pub'));
    expect(said).to.include({ status: 3 });
    expect(said.err).to.match(/none\/x\.dtb: the file cannot be written \(ENOENT\)/);
  });

  /** A key of another case: well made, and not of this blob. */
  const foreignKey = (): Buffer => {
    const other = esmFolder('01-minimal');
    const key = other.read('tpm1.pem');
    other.remove();
    return key;
  };
});
