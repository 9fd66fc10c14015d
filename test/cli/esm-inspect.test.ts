import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { readEsmBlob, setProperty, text, writeFdt } from '../../src/svm/format/index.ts';
import type { Inspection } from '../../src/svm/owner/index.ts';
import { type EsmFolder, esmFolder } from './esm-folder.ts';
import { svmSim } from './stand-in-io.ts';

describe('svm-sim esm inspect', () => {
  let folder: EsmFolder;
  let path: EsmFolder['path'];
  before(() => {
    folder = esmFolder('02-three-recipients');
    ({ path } = folder);
  });
  after(() => folder.remove());

  const inspect = (...argv: readonly string[]) => svmSim('esm', 'inspect', ...argv);

  it('shows lockboxes, sizes and what is not protected without any key', async () => {
    const { status, out } = await inspect(path('esm_blob.dtb'), '--pub', path('tpm2.pub.pem'));
    expect(status).to.equal(0);
    const lines = out.split('\n');
    const box = (name: string) => lines.find(line => line.trim().startsWith(name));
    expect(box('lockbox-2')).to.contain(`${path('tpm2.pub.pem')}  "Machine2 TPM"`);
    expect(box('lockbox-3')).to.contain('a key that was not given');
    expect(box('rootd')).to.equal('  rootd          44 bytes  "LUKS2 root passphrase"');
    expect(out).to.contain('encrypted: --key').and.to.contain('Not protected\n  Anyone can read:');
  });

  it('shows the digests with a key, as in the manifest, and as JSON for programs', async () => {
    const { manifest } = folder.recorded;
    const { status, out } = await inspect(path('esm_blob.dtb'), '--key', path('tpm3.pem'), '--json');
    expect(status).to.equal(0);
    const found = JSON.parse(out) as Inspection;
    const { rtas, kernel, kernelSize, initrd, bootargs } = manifest.digests;
    expect(found.digests?.opened).to.deep.equal({ rtas, kernel, kernelSize, initrd, bootargs });
    expect(found.openedBy).to.equal('lockbox-3');
    expect(found.lockboxes.map(({ name }) => name)).to.deep.equal(['origin-lockbox', 'lockbox-1', 'lockbox-2', 'lockbox-3']);
    expect(found.notices).to.deep.equal([]);
  });

  it('does not let a comment steer the terminal', async () => {
    const evil = setProperty(folder.recorded.blob.tree, '/lockboxes/lockbox-1', 'untrusted-comment', text('\u001b[2Jgone'));
    const { out } = await inspect(folder.write('evil.dtb', writeFdt(evil)));
    expect(out).to.contain('"\\u001b[2Jgone"').and.to.not.contain('\u001b[2J');
  });

  it('notes what a real machine would stumble over', async () => {
    await svmSim('esm', 'revoke', '-b', path('esm_blob.dtb'), '-p', path('tpm1.pub.pem'));
    const long = folder.write('long', 'x'.repeat(65));
    await svmSim('esm', 'attach', '-b', path('esm_blob.dtb'), '-f', long, '-r', 'crypttab', '-s', path('origin.key'));
    const crlf = folder.write('crlf.pem', folder.read('tpm2.pub.pem').toString().replaceAll('\n', '\r\n'));
    const blob = readEsmBlob(folder.read('esm_blob.dtb'));
    // As svm-tool writes it, which hashes the file.
    const hash = createHash('sha256').update(folder.read('crlf.pem')).digest();
    const file = folder.write('crlf.dtb', writeFdt(setProperty(blob.tree, '/lockboxes/lockbox-2/pubkey-fingerprint', 'hash', hash)));
    const { out } = await inspect(file, '--pub', crlf, '--pub', path('origin.pub'), '--json');
    const { notices } = JSON.parse(out) as Inspection;
    expect(notices.map(notice => notice.replace(/ .*/, ''))).to.deep.equal(['There', 'crypttab:', 'lockbox-2']);
    folder.restore('esm_blob.dtb');
  });

  it('notes what lies behind the tree', async () => {
    const longer = folder.write('longer.dtb', Buffer.concat([folder.recorded.bytes, Buffer.alloc(1000)]));
    expect((await inspect(longer)).out).to.contain('The file goes on for 1000 bytes behind the tree: nobody reads them.');
    expect((await inspect(path('esm_blob.dtb'))).out).to.not.contain('behind the tree');
  });

  it('refuses a blob that was tampered with, when a key shows it', async () => {
    const node = folder.recorded.blob.attachments[0];
    if (!node) throw new Error('an attachment is recorded');
    const at = Buffer.from(folder.recorded.bytes).indexOf(node.ciphertext);
    const bytes = Buffer.from(folder.recorded.bytes);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const { status, err } = await inspect(folder.write('evil.dtb', bytes), '--key', path('tpm1.pem'));
    expect(status).to.equal(2);
    expect(err).to.match(/files-fdt:\/files\/rootd at byte \d+: the authentication tag does not fit/);
  });
});
