import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { Random } from '../../../src/sim/index.ts';
import { memorySource, recogniseFileSystem } from '../../../src/svm/luks/index.ts';
import { FOLDER } from './volumes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const BYTES: Readonly<Record<string, number>> = {
  'ext2.img': 4 * MIB,
  'ext3.img': 8 * MIB,
  'ext4.img': 8 * MIB,
  'ext4-64bit-4k.img': 64 * MIB,
  'xfs.img': 320 * MIB,
  'btrfs.img': 128 * MIB,
  'fat12.img': 1440 * KIB,
  'fat16.img': 32 * MIB,
  'fat32.img': 64 * MIB,
  'fat32-no-label.img': 64 * MIB,
};

/** What blkid said: sections `[image]`, lines `KEY=value` with blanks escaped. */
const observed = new Map(
  [...readFileSync(`${FOLDER}filesystems/blkid.txt`, 'utf8').matchAll(/\[(.+)\]\n((?:.+\n)+)/g)].map(([, image = '', lines = '']) => [
    image,
    Object.fromEntries([...lines.matchAll(/(.+?)=(.*)\n/g)].map(([, key, value]) => [key, value?.replaceAll('\\ ', ' ')])),
  ]),
);
const imageOf = (name: string): Uint8Array => new Uint8Array(gunzipSync(readFileSync(`${FOLDER}filesystems/${name}.gz`)));

describe('file systems are recognised as blkid recognises them', () => {
  it('all kinds were observed', () => expect(observed.size).to.equal(12));

  for (const [image, { TYPE, VERSION, LABEL = '', UUID = '' }] of observed) {
    it(image, () => {
      const found = recogniseFileSystem(memorySource(imageOf(image)));
      const type = TYPE === 'vfat' ? VERSION : TYPE === 'iso9660' ? 'ISO9660' : TYPE;
      expect(found).to.include({ type, label: LABEL, uuid: UUID });
      if (BYTES[image]) expect(found?.size).to.equal(BYTES[image]);
    });
  }

  it('no file system is seen in random bytes, in nothing, and in a superblock that is cut', () => {
    for (let seed = 0; seed < 20; seed++) expect(recogniseFileSystem(memorySource(new Random(seed).bytes(70_000)))).to.equal(undefined);
    expect(recogniseFileSystem(memorySource(new Uint8Array(70_000)))).to.equal(undefined);
    expect(recogniseFileSystem(memorySource(new Uint8Array(0)))).to.equal(undefined);
    expect(recogniseFileSystem(memorySource(imageOf('ext4.img').subarray(0, 1200)))).to.equal(undefined);
  });

  it('the magic alone is not enough', () => {
    const random = new Random('magic').bytes(70_000);
    random.set([0x53, 0xef], 1024 + 0x38);
    random.set(Buffer.from('XFSB'), 0);
    random.set([0x55, 0xaa], 510);
    expect(recogniseFileSystem(memorySource(random))).to.equal(undefined);
  });

  it('mutated superblocks never crash', () =>
    fc.assert(
      fc.property(fc.constantFrom(...observed.keys()), fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 6 }), (name, edits) => {
        const image = imageOf(name);
        const start = name.startsWith('ext') ? 1024 : name.startsWith('btrfs') ? 65_536 : name.startsWith('iso') ? 32_768 : 0;
        for (const [at, value] of edits) image[start + at] = value;
        recogniseFileSystem(memorySource(image));
      }),
      { numRuns: 150 },
    ));
});
