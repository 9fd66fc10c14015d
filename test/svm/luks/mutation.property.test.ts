import { expect } from 'chai';
import fc from 'fast-check';
import { sameBytes } from '../../../src/bytes/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { LuksError, makeLuks, memorySource, openPayload, readLuks, unlock } from '../../../src/svm/luks/index.ts';
import { writeHeaders } from '../../../src/svm/luks/luks2/write.ts';
import { bytesOf, recorded } from './volumes.ts';

const limits = { iterations: 2000, memoryKiB: 1024 };

/** Reads, unlocks and looks into a mutated image: whatever comes out is a refusal of a known kind, or the one right key. */
async function neverWrong(image: Uint8Array, passphrase: string, volumeKey: Uint8Array): Promise<void> {
  try {
    const volume = readLuks(memorySource(image));
    const unlocked = await unlock(volume, passphrase, { limits });
    if (!unlocked.opened) return expect(unlocked.text.length).to.be.above(0) && undefined;
    expect(sameBytes(unlocked.volumeKey, volumeKey), 'a wrong key was given out').to.equal(true);
    const payload = openPayload(volume, unlocked);
    payload.read(0, Math.min(payload.size, 4096));
  } catch (error) {
    if (!(error instanceof LuksError)) throw error;
    expect(error.where).to.be.a('string');
  }
}

const edits = (below: number) =>
  fc.array(
    fc.oneof(
      fc.record({ at: fc.nat(below - 1), bit: fc.nat(7) }),
      fc.record({ at: fc.nat(below - 1), bytes: fc.uint8Array({ maxLength: 12 }) }),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  );

function edited(image: Uint8Array, changes: readonly ({ at: number; bit: number } | { at: number; bytes: Uint8Array })[]): Uint8Array {
  const copy = image.slice();
  for (const change of changes) {
    if ('bit' in change) copy[change.at]! ^= 1 << change.bit;
    else copy.set(change.bytes.subarray(0, copy.length - change.at), change.at);
  }
  return copy;
}

describe('mutated LUKS volumes never crash and never open wrongly', () => {
  let image: Uint8Array;
  let volumeKey: Uint8Array;
  before(async () => {
    const keyslots = [{ passphrase: 'x' }, { passphrase: 'y', kdf: { type: 'argon2id' } as const }];
    const made = await makeLuks({ payload: new Uint8Array(4096), keyslots, keyBytes: 32 }, new Random('mutation'));
    ({ image, volumeKey } = made);
  });

  it('LUKS2: both copies of the header, any bytes', () =>
    fc.assert(
      fc.asyncProperty(edits(600), edits(600), async (first, second) => {
        const changed = edited(image, [...first, ...second.map(change => ({ ...change, at: change.at + 16_384 }))]);
        await neverWrong(changed, 'x', volumeKey);
      }),
      { numRuns: 60 },
    ));

  it('LUKS2: the image cut anywhere', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(fc.nat(40_000), fc.nat(image.length)), size => neverWrong(image.subarray(0, size), 'x', volumeKey)),
      { numRuns: 40 },
    ));

  it('LUKS2: metadata mutated under a checksum that fits', () => {
    const area = image.subarray(4096, 16_384);
    const text = Buffer.from(area.subarray(0, area.indexOf(0))).toString('utf8');
    const scraps = [
      '0',
      '-1',
      '1e99',
      '"',
      '{',
      '}',
      '[]',
      'null',
      'true',
      '"0"',
      '"99999999999999999999"',
      ',',
      ':',
      '"__proto__"',
      '4294967296',
      '"argon2i"',
      '\\u0000',
    ];
    const cut = fc.record({
      at: fc.nat(text.length),
      drop: fc.nat(8),
      put: fc.oneof(fc.constantFrom(...scraps), fc.string({ maxLength: 3 })),
    });
    return fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 3 }), async cuts => {
        const json = cuts.reduce((all, { at, drop, put }) => all.slice(0, at) + put + all.slice(at + drop), text);
        const changed = image.slice();
        changed.set(writeHeaders({ hdr_size: 16_384, seqid: 9n, uuid: '', label: '', subsystem: '', json }, new Random(1)));
        await neverWrong(changed, 'x', volumeKey);
      }),
      { numRuns: 120 },
    );
  });

  it('LUKS2: values replaced by others of all kinds', () => {
    const area = image.subarray(4096, 16_384);
    const json = JSON.parse(Buffer.from(area.subarray(0, area.indexOf(0))).toString('utf8')) as object;
    const places = pathsOf(json);
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('0', '18446744073709551615', 2 ** 32, -1, 0.5, '', 'AA==', ['0'], ['31']),
    );
    return fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), value, async (path, other) => {
        const changed = image.slice();
        const text = JSON.stringify(replaced(json, path, other));
        if (text.length > 12_000) return;
        changed.set(writeHeaders({ hdr_size: 16_384, seqid: 9n, uuid: '', label: '', subsystem: '', json: text }, new Random(1)));
        await neverWrong(changed, 'x', volumeKey);
      }),
      { numRuns: 100 },
    );
  });

  it('LUKS1: header and key area', () => {
    const luks1 = recorded('luks1-pbkdf2.img');
    const original = bytesOf(luks1);
    const key = Buffer.from(luks1.volumeKeyHex, 'hex');
    // The limit skips the key slot unless the mutation made it cheap: the derivation itself is not what is looked at here.
    return fc.assert(
      fc.asyncProperty(edits(592), changes => neverWrong(edited(original, changes), luks1.passphrase, key)),
      { numRuns: 150 },
    );
  });
});

function pathsOf(value: unknown, above: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...above]];
  return [...(above.length > 0 ? [[...above]] : []), ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...above, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const record = copy as Record<string, unknown>;
  record[key] = replaced(record[key], rest, other);
  return copy;
}
