import { expect } from 'chai';
import { sameBytes } from '../../../src/bytes/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { makeLuks, memorySource, readLuks, unlock } from '../../../src/svm/luks/index.ts';
import { checkVolumeKey } from '../../../src/svm/luks/unlock.ts';
import { bytesOf, flipped, recorded } from './volumes.ts';

const luks1 = recorded('luks1-pbkdf2.img');
const MK_DIGEST = 112;
const KEY_MATERIAL = 4096;

describe('damage where no checksum is', () => {
  const image = bytesOf(luks1);

  it('a flipped bit in the digest: the passphrase is right, the digest is not, and no key is given out', async () => {
    for (const at of [MK_DIGEST, MK_DIGEST + 20, MK_DIGEST + 52 + 3]) {
      const refused = await unlock(readLuks(memorySource(flipped(image, at))), luks1.passphrase);
      expect(refused).to.deep.include({ opened: false, reason: 'digest', offset: MK_DIGEST });
      expect(refused.opened || refused.text)
        .to.include('digest of the volume key is damaged (byte 112)')
        .and.include('ext4');
      expect(refused).not.to.have.property('volumeKey');
    }
  });

  it('a flipped bit in a salt or in the key area looks like a wrong passphrase, and the message names the area', async () => {
    for (const at of [216, KEY_MATERIAL, KEY_MATERIAL + 100_000, KEY_MATERIAL + 255_999]) {
      const refused = await unlock(readLuks(memorySource(flipped(image, at))), luks1.passphrase);
      expect(refused).to.include({ opened: false, reason: 'no-key-slot' });
      expect(refused.opened || refused.text).to.include('or a bit of the key area is (key slot 0: bytes 4096 to 260096)');
    }
  });

  it('a key area that was written over is told with the byte', async () => {
    const overwritten = image.slice();
    overwritten.fill(0, KEY_MATERIAL + 5120, KEY_MATERIAL + 6144);
    const refused = await unlock(readLuks(memorySource(overwritten)), luks1.passphrase);
    expect(refused).to.include({ opened: false, reason: 'key-area', offset: KEY_MATERIAL + 5120 });
  });

  it('whoever has another good key slot does not notice', async () => {
    const keyslots = [{ passphrase: 'one' }, { passphrase: 'two' }];
    const made = await makeLuks({ payload: new Uint8Array(512), keyslots }, new Random('slots'));
    const damaged = readLuks(memorySource(flipped(made.image, 40_000)));
    expect(await unlock(damaged, 'one')).to.include({ opened: false, reason: 'no-key-slot' });
    const unlocked = await unlock(damaged, 'two');
    expect(unlocked.opened && sameBytes(unlocked.volumeKey, made.volumeKey)).to.equal(true);
    expect(await checkVolumeKey(damaged, made.volumeKey)).to.equal(true);
    expect(await checkVolumeKey(damaged, flipped(made.volumeKey, 0))).to.equal(false);
  });
});
