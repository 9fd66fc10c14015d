import { expect } from 'chai';
import { sameBytes, toHex } from '../../../src/bytes/index.ts';
import { formatResult, runConform } from '../../../src/conform/index.ts';
import { digest } from '../../../src/crypto/index.ts';
import { chunks, fileSource, memorySource, openPayload, readLuks, unlock } from '../../../src/svm/luks/index.ts';
import { bytesOf, FOLDER, pathOf, recorded } from './volumes.ts';

describe('LUKS volumes that the real cryptsetup made', () => {
  it('all open with each of their passphrases, with the recorded key, payload and file system', async () => {
    const { results, passed } = await runConform([FOLDER]);
    const failed = results.filter(({ ok }) => !ok);
    expect(failed.map(formatResult).join('\n')).to.equal('');
    expect(passed).to.equal(3);
  });

  const twoSlots = recorded('luks2-pbkdf2-4k-two-keyslots.img');

  it('a key slot that is asked for is the only one tried', async () => {
    const volume = readLuks(memorySource(bytesOf(twoSlots)));
    const wrongSlot = await unlock(volume, twoSlots.passphrase, { keyslot: 1 });
    expect(wrongSlot).to.deep.include({ opened: false, reason: 'no-key-slot', tries: [{ keyslot: 1, outcome: 'no match' }] });
    const rightSlot = await unlock(volume, twoSlots.extraPassphrase ?? '', { keyslot: 1 });
    expect(rightSlot).to.deep.include({ opened: true, keyslot: 1, tries: [{ keyslot: 1, outcome: 'opened' }] });
  });

  it('a wrong passphrase opens no key slot, and says which were tried', async () => {
    const refused = await unlock(readLuks(memorySource(bytesOf(twoSlots))), 'wrong');
    expect(refused).to.deep.include({
      opened: false,
      reason: 'no-key-slot',
      tries: [
        { keyslot: 0, outcome: 'no match' },
        { keyslot: 1, outcome: 'no match' },
      ],
    });
    expect(refused.opened || refused.text).to.match(/^no key slot opens/);
  });

  it('a key slot that costs too much is skipped', async () => {
    const limits = { iterations: 20_000 };
    const { tries } = await unlock(readLuks(memorySource(bytesOf(twoSlots))), 'wrong', { limits });
    expect(tries[0]).to.deep.equal({ keyslot: 0, outcome: 'skipped', why: 'pbkdf2 with 50000 iterations; the limit is 20000' });
    expect(tries[1]).to.deep.equal({ keyslot: 1, outcome: 'no match' });
  });

  it('while Argon2 works the event loop is free, and the caller is told what it costs', async () => {
    const { passphrase, ...rest } = recorded('luks2-argon2id-rootd.img');
    const volume = readLuks(memorySource(bytesOf({ passphrase, ...rest })));
    const told: string[] = [];
    let turns = 0;
    const ticking = setInterval(() => turns++, 5);
    const { opened } = await unlock(volume, passphrase, { onProgress: ({ stage, text }) => told.push(`${stage}: ${text}`) });
    clearInterval(ticking);
    const cost = 'argon2id, 4 passes over 64 MiB, 1 lane';
    expect(opened && told).to.deep.equal([`deriving: ${cost}`, `merging: ${cost}`, `opened: ${cost}`]);
    expect(turns).to.be.above(5);
  });

  it('a payload is the same from file and memory, whole, in pieces and from the middle', async () => {
    const file = fileSource(pathOf(twoSlots));
    const volume = readLuks(file);
    const unlocked = await unlock(volume, twoSlots.passphrase);
    if (!unlocked.opened) throw new Error(unlocked.text);
    const payload = openPayload(volume, unlocked);
    const whole = payload.read(0, payload.size);
    expect(toHex(digest('sha256', whole))).to.equal(twoSlots.payloadSha256);
    expect(sameBytes(Buffer.concat([...chunks(payload, 100_001)]), whole)).to.equal(true);
    expect(sameBytes(payload.read(4095, 600_000), whole.subarray(4095, 604_095))).to.equal(true);
    expect(() => payload.read(payload.size - 1, 2)).to.throw('the payload has 1048576');
    file.close();
  });
});
