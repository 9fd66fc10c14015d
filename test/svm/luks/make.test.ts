import { expect } from 'chai';
import fc from 'fast-check';
import { sameBytes } from '../../../src/bytes/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { type LuksRecipe, makeLuks, memorySource, openPayload, readLuks, unlock } from '../../../src/svm/luks/index.ts';

describe('LUKS2 volumes made here', () => {
  const kdf = fc.oneof(
    fc.record({
      type: fc.constant('pbkdf2' as const),
      hash: fc.constantFrom('sha1', 'sha256', 'sha512', 'blake2b-512'),
      iterations: fc.integer({ min: 1, max: 2000 }),
    }),
    fc.record({
      type: fc.constantFrom('argon2i' as const, 'argon2id' as const),
      iterations: fc.integer({ min: 1, max: 3 }),
      memoryKiB: fc.integer({ min: 32, max: 200 }),
      lanes: fc.integer({ min: 1, max: 4 }),
    }),
  );
  const passphrase = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.uint8Array({ minLength: 1, maxLength: 80 }));
  const recipe = fc.record<LuksRecipe>(
    {
      payload: fc.uint8Array({ maxLength: 20_000, size: 'max' }),
      keyslots: fc.array(
        fc.record({ passphrase, kdf, priority: fc.constantFrom('normal' as const, 'prefer' as const) }, { requiredKeys: ['passphrase'] }),
        { minLength: 1, maxLength: 3 },
      ),
      label: fc.string({ maxLength: 15, unit: fc.constantFrom('a', 'b', 'ä', '-', '_', ' ') }),
      sectorBytes: fc.constantFrom(512, 1024, 2048, 4096),
      keyBytes: fc.constantFrom(32, 64),
    },
    { requiredKeys: ['payload', 'keyslots'] },
  );

  it('open with each of their passphrases and hold their payload', () =>
    fc.assert(
      fc.asyncProperty(recipe, fc.nat(), async (given, seed) => {
        const { image, volumeKey } = await makeLuks(given, new Random(seed));
        const volume = readLuks(memorySource(image));
        expect(volume).to.include({ version: 2, label: given.label ?? '' });
        expect(volume.notices).to.deep.equal([]);
        for (const { passphrase } of given.keyslots) {
          const unlocked = await unlock(volume, passphrase);
          if (!unlocked.opened) throw new Error(unlocked.text);
          expect(sameBytes(unlocked.volumeKey, volumeKey)).to.equal(true);
        }
        const payload = openPayload(volume, { volumeKey });
        expect(payload.size % (given.sectorBytes ?? 512)).to.equal(0);
        expect(sameBytes(payload.read(0, given.payload.length), given.payload)).to.equal(true);
        expect(payload.read(given.payload.length, payload.size - given.payload.length).every(byte => byte === 0)).to.equal(true);
      }),
      { numRuns: 8 },
    ));

  it('are the same for the same seed', async () => {
    const make = (seed: string) => makeLuks({ payload: new Uint8Array(600), keyslots: [{ passphrase: 'x' }] }, new Random(seed));
    const [a, again, other] = [await make('a'), await make('a'), await make('b')];
    expect(sameBytes(a.image, again.image)).to.equal(true);
    expect(sameBytes(a.image, other.image)).to.equal(false);
  });

  it('try key slots in the order of their priority', async () => {
    const keyslots = [
      { passphrase: 'same', priority: 'ignore' },
      { passphrase: 'same' },
      { passphrase: 'same', priority: 'prefer' },
      { passphrase: 'last', priority: 'ignore' },
    ] as const;
    const { image } = await makeLuks({ payload: new Uint8Array(512), keyslots }, new Random(3));
    const volume = readLuks(memorySource(image));
    expect(volume.keyslots.map(({ number }) => number)).to.deep.equal([2, 1, 0, 3]);
    expect(await unlock(volume, 'same')).to.include({ opened: true, keyslot: 2 });
    expect((await unlock(volume, 'last')).tries.at(-1)).to.deep.equal({ keyslot: 3, outcome: 'skipped', why: 'its priority is "ignore"' });
    expect(await unlock(volume, 'last', { keyslot: 3 })).to.include({ opened: true, keyslot: 3 });
  });

  const refused: readonly (readonly [Partial<LuksRecipe>, string, RegExp])[] = [
    [{ keyslots: [] }, 'keyslots', /0 key slots/],
    [{ keyslots: [{ passphrase: '' }] }, 'keyslots[0].passphrase', /is empty/],
    [{ keyslots: [{ passphrase: 'x', kdf: { type: 'argon2id', memoryKiB: 16 } }] }, 'keyslots[0].kdf.memoryKiB', /16 KiB/],
    [{ keyslots: [{ passphrase: 'x', kdf: { type: 'pbkdf2', hash: 'md4' } }] }, 'keyslots[0].kdf.hash', /none of sha1/],
    [{ label: 'x'.repeat(48) }, 'label', /longer than 47/],
    [{ uuid: '1234' }, 'uuid', /no UUID/],
  ];
  for (const [change, field, told] of refused) {
    it(`a recipe with a wrong ${field} is refused`, async () => {
      const given = { payload: new Uint8Array(512), keyslots: [{ passphrase: 'x' }], ...change };
      const error = await makeLuks(given, new Random(1)).then(
        () => undefined,
        (reason: Error) => reason,
      );
      expect(error).to.include({ code: 'luks.option', field }).and.have.property('message').that.matches(told);
    });
  }
});
