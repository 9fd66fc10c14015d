import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { toHex } from '../../src/bytes/index.ts';
import { Random } from '../../src/sim/index.ts';
import {
  chunks,
  fileSource,
  fileSystemTypes,
  type LuksRecipe,
  makeFileSystem,
  makeLuks,
  memorySource,
  openPayload,
  readLuks,
  recogniseFileSystem,
  unlock,
} from '../../src/svm/luks/index.ts';

const missing = spawnSync('cryptsetup', ['--version']).error !== undefined;

describe('file systems made here and the real blkid', () => {
  for (const type of fileSystemTypes) {
    it(`${type} is what blkid says`, function () {
      const folder = mkdtempSync(join(tmpdir(), 'svm-sim-blkid-'));
      try {
        const image = makeFileSystem(type === 'squashfs' ? { type } : { type, label: 'DISK' }, new Random(type));
        const ours = recogniseFileSystem(memorySource(image));
        writeFileSync(join(folder, 'image'), image);
        const { status, stdout, error } = spawnSync('blkid', ['-p', '-o', 'export', join(folder, 'image')], { encoding: 'utf8' });
        if (error) {
          console.log('      skipped: blkid is not installed (apt-get install util-linux)');
          this.skip();
        }
        expect(status, stdout).to.equal(0);
        const { TYPE, VERSION, LABEL = '', UUID = '' } = Object.fromEntries(stdout.split('\n').map(line => line.split('=')));
        const kind = TYPE === 'vfat' ? VERSION : TYPE === 'iso9660' ? 'ISO9660' : TYPE;
        expect({ type: kind, label: LABEL, uuid: UUID }).to.deep.equal({ type, label: ours?.label, uuid: ours?.uuid });
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

describe('LUKS volumes and the real cryptsetup', () => {
  let folder: string;
  before(function () {
    if (missing) {
      console.log('      skipped: cryptsetup is not installed (apt-get install cryptsetup-bin)');
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-luks-'));
  });
  after(() => folder && rmSync(folder, { recursive: true }));

  const file = (name: string): string => join(folder, name);
  const call = (passphrase: string, ...args: string[]) => {
    writeFileSync(file('key'), passphrase);
    return spawnSync('cryptsetup', [...args, '--key-file', file('key'), '--batch-mode'], { encoding: 'utf8' });
  };
  const cryptsetup = (passphrase: string, ...args: string[]): string => {
    const { status, stdout, stderr } = call(passphrase, ...args);
    expect(status, `cryptsetup ${args.join(' ')}: ${stderr}`).to.equal(0);
    return stdout;
  };
  const volumeKeyOf = (passphrase: string, image: string): string => {
    const dump = cryptsetup(passphrase, 'luksDump', '--dump-volume-key', image);
    return (/MK dump:([\s\S]*)/.exec(dump)?.[1] ?? '').replace(/[^0-9a-f]/g, '');
  };

  describe('a volume made here', () => {
    const payload = Uint8Array.from({ length: 20_000 }, (_, i) => i % 251);
    const recipes: Readonly<
      Record<string, Omit<LuksRecipe, 'payload' | 'keyslots'> & { kdf: NonNullable<LuksRecipe['keyslots'][0]['kdf']> }>
    > = {
      'pbkdf2, 512-byte sectors': { kdf: { type: 'pbkdf2' }, label: 'made here' },
      'pbkdf2-sha512, AES-128, 4096-byte sectors': { kdf: { type: 'pbkdf2', hash: 'sha512' }, keyBytes: 32, sectorBytes: 4096 },
      argon2id: { kdf: { type: 'argon2id', memoryKiB: 1024 }, subsystem: 'svm' },
      'argon2i with two lanes': { kdf: { type: 'argon2i', lanes: 2, memoryKiB: 64 } },
    };
    const luks1: readonly (readonly [string, number, string])[] = [
      ['aes-xts-plain64', 64, 'sha256'],
      ['aes-cbc-essiv:sha256', 32, 'sha1'],
    ];
    for (const [cipher, keyBytes, hash] of luks1) {
      it(`LUKS1, ${cipher}, ${hash}: opens and has our volume key`, async () => {
        const keyslots = ['first', 'second'].map(passphrase => ({ passphrase, kdf: { type: 'pbkdf2' as const, hash } }));
        const { image, volumeKey } = await makeLuks({ version: 1, cipher, keyBytes, payload, keyslots }, new Random(cipher));
        const path = file('made1.img');
        writeFileSync(path, image);
        cryptsetup('first', 'open', '--test-passphrase', path);
        cryptsetup('second', 'open', '--test-passphrase', path);
        expect(call('third', 'open', '--test-passphrase', path).status).to.equal(2);
        expect(volumeKeyOf('second', path)).to.equal(toHex(volumeKey));
        expect(cryptsetup('first', 'luksDump', path)).to.match(/Version:\s+1/);
      });
    }
    for (const [name, { kdf, ...rest }] of Object.entries(recipes)) {
      it(`${name}: opens, has our volume key, and the same header fields`, async () => {
        const keyslots = [
          { passphrase: 'first', kdf },
          { passphrase: 'second', priority: 'prefer' as const },
        ];
        const { image, volumeKey } = await makeLuks({ payload, keyslots, ...rest }, new Random(name));
        const path = file('made.img');
        writeFileSync(path, image);
        cryptsetup('first', 'open', '--test-passphrase', path);
        cryptsetup('second', 'open', '--test-passphrase', path);
        expect(call('third', 'open', '--test-passphrase', path).status).to.equal(2);
        expect(volumeKeyOf('first', path)).to.equal(toHex(volumeKey));
        const dump = cryptsetup('first', 'luksDump', path);
        const { uuid, label } = readLuks(memorySource(image));
        expect(dump).to.include(uuid);
        if (label) expect(dump).to.match(new RegExp(`Label: +\\t?${label}`));
        // Repairs nothing: cryptsetup finds both copies of the header good.
        cryptsetup('first', 'repair', path);
        expect(Buffer.compare(readFileSync(path), image), 'repair changed the image').to.equal(0);
      });
    }
  });

  describe('a volume that cryptsetup made', () => {
    const fast = ['--pbkdf-force-iterations', '1000'];
    const argon2 = ['--pbkdf-force-iterations', '4', '--pbkdf-memory', '64', '--pbkdf-parallel', '1'];
    const formats: Readonly<Record<string, readonly string[]>> = {
      'LUKS2, pbkdf2': ['--type', 'luks2', '--pbkdf', 'pbkdf2', ...fast],
      'LUKS2, argon2id': ['--type', 'luks2', '--pbkdf', 'argon2id', ...argon2],
      'LUKS2, argon2i, sha512': ['--type', 'luks2', '--pbkdf', 'argon2i', ...argon2, '--hash', 'sha512'],
      'LUKS2, AES-128, 4096-byte sectors': ['--type', 'luks2', '--pbkdf', 'pbkdf2', ...fast, '--key-size', '256', '--sector-size', '4096'],
      'LUKS2, large header': [
        '--type',
        'luks2',
        '--pbkdf',
        'pbkdf2',
        ...fast,
        '--luks2-metadata-size',
        '64k',
        '--luks2-keyslots-size',
        '1m',
      ],
      'LUKS2, blake2b': ['--type', 'luks2', '--pbkdf', 'pbkdf2', ...fast, '--hash', 'blake2b-512'],
      LUKS1: ['--type', 'luks1', ...fast],
      'LUKS1, sha1, AES-128': ['--type', 'luks1', ...fast, '--hash', 'sha1', '--key-size', '256'],
      'LUKS1, aes-cbc-essiv': ['--type', 'luks1', ...fast, '--cipher', 'aes-cbc-essiv:sha256', '--key-size', '256'],
    };
    for (const [name, options] of Object.entries(formats)) {
      it(`${name}: opens here with its volume key`, async () => {
        const path = file('theirs.img');
        writeFileSync(path, '');
        truncateSync(path, 20 << 20);
        cryptsetup('first', 'luksFormat', ...options, path);
        const image = fileSource(path);
        try {
          const volume = readLuks(image);
          expect(volume.notices).to.deep.equal([]);
          const unlocked = await unlock(volume, 'first');
          expect(unlocked.opened && toHex(unlocked.volumeKey)).to.equal(volumeKeyOf('first', path));
          expect(await unlock(volume, 'other')).to.include({ opened: false, reason: 'no-key-slot' });
          if (!unlocked.opened) return;
          for (const chunk of chunks(openPayload(volume, unlocked))) expect(chunk.length).to.be.above(0);
        } finally {
          image.close();
        }
      });
    }

    it('a primary header that is overwritten: both read the secondary one, and cryptsetup repairs what we report', async () => {
      const path = file('damaged.img');
      writeFileSync(path, (await makeLuks({ payload: new Uint8Array(4096), keyslots: [{ passphrase: 'first' }] }, new Random(1))).image);
      const bytes = readFileSync(path);
      bytes[5000]! ^= 1;
      writeFileSync(path, bytes);
      expect(readLuks(memorySource(readFileSync(path))).notices).to.have.length(1);
      cryptsetup('first', 'repair', path);
      cryptsetup('first', 'open', '--test-passphrase', path);
      expect(readLuks(memorySource(readFileSync(path))).notices).to.deep.equal([]);
    });
  });
});
