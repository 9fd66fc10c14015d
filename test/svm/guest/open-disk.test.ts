import { expect } from 'chai';
import { utf8 } from '../../../src/bytes/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { openDisk, passphraseClients } from '../../../src/svm/guest/index.ts';
import { makeLuks, memorySource } from '../../../src/svm/luks/index.ts';

describe('a guest that opens its disk', () => {
  const { dracut, 'initramfs-tools': keyscript } = passphraseClients;
  const volume = async () => {
    const kdf = { type: 'pbkdf2', hash: 'sha256', iterations: 1 } as const;
    const made = await makeLuks({ payload: utf8('what is inside'), keyslots: [{ passphrase: 'secret', kdf }] }, new Random(1));
    return memorySource(made.image, 'disk');
  };

  it('gets the payload and the volume key with what the client makes of the attachment', async () => {
    const { disk, volumeKey } = await openDisk(await volume(), dracut, utf8('secret\n'));
    expect(disk).to.include({ opened: true, luks: 2, header: 'primary', keyslot: 0 });
    expect(volumeKey).to.have.length.greaterThan(0);
  });

  it('stays locked with another passphrase, and knows no volume key', async () => {
    const { disk, volumeKey } = await openDisk(await volume(), dracut, utf8('other'));
    expect(disk).to.include({ opened: false, reason: 'no-key-slot' });
    expect(volumeKey).to.equal(undefined);
  });

  it('stays locked when the client does not answer for the version of the volume', async () => {
    const onlyLuks1 = { ...keyscript, luks: [1] };
    const { disk, detail } = await openDisk(await volume(), onlyLuks1, utf8('secret'));
    expect(disk).to.include({ opened: false, reason: 'client' });
    expect(detail).to.equal('the client answers for LUKS1, this is LUKS2: the question stays open');
  });

  it('is told when whoever keeps the disk wrote over its header', async () => {
    const { disk, detail } = await openDisk(memorySource(new Uint8Array(4096), 'disk'), dracut, utf8('secret'));
    expect(disk).to.include({ opened: false, reason: 'header' });
    expect(detail).to.match(/^the volume cannot be read: /);
  });
});
