import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { LuksImage } from '../../src/conform/kinds/luks-volumes.ts';
import { svmSim } from './stand-in-io.ts';

const observed = fileURLToPath(new URL('../../fixtures/observed/luks/', import.meta.url));
const images = JSON.parse(readFileSync(join(observed, 'manifest.json'), 'utf8')) as readonly LuksImage[];

describe('svm-sim luks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-luks-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, contents: string | Uint8Array): string => {
    writeFileSync(join(folder, name), contents);
    return join(folder, name);
  };

  for (const { image, type, uuid, cipher, passphrase, payloadLength, payloadSha256, payloadFilesystem } of images) {
    it(`${image}: info shows the header, decrypt the payload`, async () => {
      const file = join(observed, image);
      const { status, out } = await svmSim('luks', 'info', file);
      expect(status).to.equal(0);
      expect(out).to.contain(`${image}: ${type.toUpperCase()}\n  UUID       ${uuid}\n`).and.to.contain(cipher);
      expect(JSON.parse((await svmSim('luks', 'info', file, '--json')).out)).to.include({ uuid });
      const secret = write('passphrase', passphrase);
      const output = join(folder, 'payload');
      const said = await svmSim('luks', 'decrypt', file, '--passphrase-file', secret, '-o', output);
      expect(said.status, said.err).to.equal(0);
      expect(said.out).to.contain(`${payloadLength} bytes, ${payloadFilesystem}`);
      expect(said.err).to.match(/key slot 0: (argon2id|pbkdf2).* \.\.\. opened \(\d+\.\d s\)\n/);
      expect(createHash('sha256').update(readFileSync(output)).digest('hex')).to.equal(payloadSha256);
      expect(await svmSim('luks', 'decrypt', file, '--passphrase-file', secret, '-o', output)).to.include({ status: 2 });
      rmSync(output);
    });
  }

  it('a wrong passphrase gives status 1, the reason and no output', async () => {
    const luks1 = images.find(({ type }) => type === 'luks1')!;
    const secret = write('passphrase', `${luks1.passphrase}\n`);
    const before = readdirSync(folder);
    const argv = ['luks', 'decrypt', join(observed, luks1.image), '--passphrase-file', secret, '-o', join(folder, 'payload'), '-q'];
    const { status, out, err } = await svmSim(...argv);
    expect({ status, out }).to.deep.equal({ status: 1, out: '' });
    expect(err).to.contain('no key slot opens').and.to.contain('ends with a newline');
    expect(readdirSync(folder)).to.deep.equal(before);
  });

  it('refuses what is no volume, with the byte', async () => {
    const image = write('plain.img', Buffer.alloc(1 << 20));
    for (const argv of [
      ['info', image],
      ['decrypt', image, '--passphrase-file', image, '-o', join(folder, 'payload')],
    ]) {
      const { status, err } = await svmSim('luks', ...argv);
      expect(status).to.equal(2);
      expect(err).to.match(/plain\.img: magic at byte 0/);
    }
    expect(await svmSim('luks', 'info', join(folder, 'none'))).to.include({ status: 2 });
    expect(await svmSim('luks', 'decrypt', image, '--key-slot', 'x', '-o', join(folder, 'payload'))).to.include({ status: 2 });
    const none = await svmSim(
      'luks',
      'decrypt',
      'fixtures/observed/luks/luks1-pbkdf2.img',
      '--key-slot',
      '9',
      '-o',
      join(folder, 'payload'),
    );
    expect(none.status).to.equal(2);
    expect(none.err).to.match(/has no key slot 9\n +Key slots: 0/);
  });
});
