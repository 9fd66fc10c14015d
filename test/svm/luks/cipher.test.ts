import { createCipheriv } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, sameBytes, toHex } from '../../../src/bytes/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { afMerge, afSplit } from '../../../src/svm/luks/af.ts';
import { cipherProblem, sectorCipher } from '../../../src/svm/luks/cipher.ts';
import { hashNames } from '../../../src/svm/luks/hashes.ts';

describe('sector ciphers', () => {
  it('aes-xts-plain64 is node:crypto XTS of each sector, whose number counts 512 bytes', () =>
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom(32, 64),
        fc.constantFrom(512, 1024, 2048, 4096),
        fc.nat({ max: 2 ** 40 }),
        fc.integer({ min: 1, max: 4 }),
        (seed, keyBytes, sectorBytes, first, count) => {
          const random = new Random(seed);
          const key = random.bytes(keyBytes);
          const data = random.bytes(sectorBytes * count + 1).subarray(1); // not aligned
          const sectors = Array.from({ length: count }, (_, i) => {
            const iv = Buffer.alloc(16);
            iv.writeBigUInt64LE(BigInt(first + (i * sectorBytes) / 512));
            return createCipheriv(`aes-${keyBytes * 4}-xts`, key, iv).update(data.subarray(i * sectorBytes, (i + 1) * sectorBytes));
          });
          const cipher = sectorCipher('aes-xts-plain64', key, sectorBytes);
          const encrypted = cipher.encrypt(data, first);
          expect(sameBytes(encrypted, Buffer.concat(sectors))).to.equal(true);
          expect(sameBytes(cipher.decrypt(encrypted, first), data)).to.equal(true);
        },
      ),
      { numRuns: 40 },
    ));

  it('aes-cbc-essiv and aes-cbc-plain decrypt what they encrypt, and differ', () => {
    const random = new Random('cbc');
    const [key, data] = [random.bytes(32), random.bytes(2048)];
    const modes = ['aes-cbc-essiv:sha256', 'aes-cbc-plain', 'aes-cbc-plain64'].map(spec => sectorCipher(spec, key));
    const encrypted = modes.map(cipher => cipher.encrypt(data, 2 ** 33 + 5));
    expect(new Set(encrypted.map(toHex)).size).to.equal(3);
    for (const [i, cipher] of modes.entries()) expect(sameBytes(cipher.decrypt(encrypted[i]!, 2 ** 33 + 5), data)).to.equal(true);
  });

  it('XTS of IEEE 1619 vector 4: AES-128, sector 0', () => {
    const key = fromHex('27182818284590452353602874713526 31415926535897932384626433832795');
    const data = Uint8Array.from({ length: 512 }, (_, i) => i & 0xff);
    expect(toHex(sectorCipher('aes-xts-plain64', key).encrypt(data, 0)).slice(0, 64)).to.equal(
      '27a7479befa1d476489f308cd4cfa6e2a96e4bbe3208ff25287dd3819616e89c',
    );
  });

  const unknown: readonly (readonly [spec: string, keyBytes: number])[] = [
    ['serpent-xts-plain64', 64],
    ['aes-xts-essiv:md4', 64],
    ['aes-xts-plain64', 48],
    ['aes-xts-plain64', 0],
    ['aes-cbc-plain64', 64],
    ['aes', 32],
    ['', 32],
  ];
  for (const [spec, keyBytes] of unknown) {
    it(`"${spec}" with ${keyBytes} bytes of key is refused`, () => expect(cipherProblem(spec, keyBytes)).to.be.a('string'));
  }
});

describe('anti-forensic splitter', () => {
  for (const hash of hashNames) {
    it(`${hash}: merging what was split gives the key, and one wrong bit gives another`, () => {
      const random = new Random(hash);
      for (const bytes of [16, 32, 50, 64]) {
        const key = random.bytes(bytes);
        const material = afSplit(key, 7, hash, random);
        expect(sameBytes(afMerge(material, 7, hash), key)).to.equal(true);
        material[random.below(material.length)]! ^= 1;
        expect(sameBytes(afMerge(material, 7, hash), key)).to.equal(false);
      }
    });
  }
});
