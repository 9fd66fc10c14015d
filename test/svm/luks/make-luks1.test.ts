import { expect } from 'chai';
import { sameBytes } from '../../../src/bytes/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { type LuksRecipe, makeLuks, memorySource, openPayload, readLuks, unlock } from '../../../src/svm/luks/index.ts';

describe('LUKS1 volumes made here', () => {
  const payload = new Random('payload').bytes(3000);
  const made: readonly (readonly [string, number, string])[] = [
    ['aes-xts-plain64', 64, 'sha256'],
    ['aes-xts-plain', 32, 'sha512'],
    ['aes-cbc-essiv:sha256', 32, 'sha1'],
    ['aes-cbc-plain64', 24, 'sha256'],
  ];
  for (const [cipher, keyBytes, hash] of made) {
    it(`${cipher} with ${keyBytes * 8} bits and ${hash} opens with each passphrase and holds its payload`, async () => {
      const keyslots = ['first', 'second'].map(passphrase => ({ passphrase, kdf: { type: 'pbkdf2', hash, iterations: 1200 } }) as const);
      const { image, volumeKey } = await makeLuks({ version: 1, cipher, keyBytes, payload, keyslots }, new Random(cipher));
      const volume = readLuks(memorySource(image));
      expect(volume).to.include({ version: 1 });
      expect(volume.segment).to.include({ cipher, offset: image.length - 3072 });
      for (const [number, { passphrase }] of keyslots.entries()) {
        const unlocked = await unlock(volume, passphrase);
        expect(unlocked).to.include({ opened: true, keyslot: number });
      }
      expect((await unlock(volume, 'third')).opened).to.equal(false);
      expect(sameBytes(openPayload(volume, { volumeKey }).read(0, 3000), payload)).to.equal(true);
    });
  }

  const refused: readonly (readonly [Partial<LuksRecipe>, string, RegExp])[] = [
    [{ keyslots: Array.from({ length: 9 }, () => ({ passphrase: 'x' })) }, 'keyslots', /LUKS1 volume has 1 to 8/],
    [{ keyslots: [{ passphrase: 'x', kdf: { type: 'argon2id' } }] }, 'keyslots[0].kdf.type', /LUKS1 has pbkdf2 only/],
    [{ keyslots: [{ passphrase: 'x' }, { passphrase: 'y', kdf: { type: 'pbkdf2', hash: 'sha1' } }] }, 'keyslots[1].kdf.hash', /one hash/],
    [{ keyslots: [{ passphrase: 'x', priority: 'prefer' }] }, 'keyslots[0].priority', /has none/],
    [{ label: 'root' }, 'label', /has none/],
    [{ subsystem: 'root' }, 'subsystem', /has none/],
    [{ sectorBytes: 4096 }, 'sectorBytes', /sectors of 512 bytes/],
    [{ cipher: 'serpent-xts-plain64' }, 'cipher', /serpent-xts-plain64" is not read here/],
    [{ keyBytes: 48 }, 'keyBytes', /48 bytes does not fit aes-xts-plain64/],
  ];
  for (const [change, field, told] of refused) {
    it(`a recipe with a wrong ${field} is refused: ${told.source}`, async () => {
      const given = { version: 1, payload, keyslots: [{ passphrase: 'x' }], ...change } as const;
      const error = await makeLuks(given, new Random(1)).catch((reason: Error) => reason);
      expect(error).to.include({ code: 'luks.option', field }).and.have.property('message').that.matches(told);
    });
  }
});
