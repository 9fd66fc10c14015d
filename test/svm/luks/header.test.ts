import { expect } from 'chai';
import { utf8 } from '../../../src/bytes/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { LuksError, makeLuks, memorySource, readLuks, unlock } from '../../../src/svm/luks/index.ts';
import { writeHeaders } from '../../../src/svm/luks/luks2/write.ts';
import { bytesOf, flipped, recorded } from './volumes.ts';

const HDR_SIZE = 16_384;

/** What reading refuses with. */
function refusal(image: Uint8Array): LuksError {
  try {
    readLuks(memorySource(image, 'disk.img'));
  } catch (error) {
    if (error instanceof LuksError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('LUKS2 header', () => {
  let image: Uint8Array;
  before(async () => {
    ({ image } = await makeLuks({ payload: new Uint8Array(4096), keyslots: [{ passphrase: 'x' }], label: 'root' }, new Random('header')));
  });

  const damages: Readonly<Record<string, readonly [at: number, told: RegExp]>> = {
    magic: [0, /^primary header: no magic \(magic at byte 0\)/],
    version: [7, /version 3, not 2 \(version at byte 6\)/],
    hdr_size: [14, /16640 bytes is no size of a header \(hdr_size at byte 8\)/],
    label: [24, /checksum does not fit .* \(csum at byte 448\)/],
    csum_alg: [72, /the checksum's hash is none of sha1, .* \(csum_alg at byte 72\)/],
    salt: [104, /checksum does not fit/],
    hdr_offset: [263, /says byte 1, stands at 0 \(hdr_offset at byte 256\)/],
    csum: [448, /checksum does not fit the 16384 bytes from byte 0 \(csum at byte 448\)/],
    'JSON area': [5000, /checksum does not fit/],
    'what follows the JSON text': [16_383, /checksum does not fit/],
  };
  for (const [field, [at, told]] of Object.entries(damages)) {
    it(`a flipped bit in ${field} of the primary copy: told, and the secondary one is used`, async () => {
      const volume = readLuks(memorySource(flipped(image, at)));
      expect(volume.header).to.deep.equal({ which: 'secondary', offset: HDR_SIZE, size: HDR_SIZE });
      expect(volume.notices).to.have.length(1);
      expect(volume.notices[0]?.text)
        .to.match(told)
        .and.match(/the secondary header at byte 16384 is used$/);
      expect((await unlock(volume, 'x')).opened).to.equal(true);
    });
  }

  it('a flipped bit in the secondary copy: told, and the primary one is used', () => {
    const volume = readLuks(memorySource(flipped(image, HDR_SIZE + 5000)));
    expect(volume.header.which).to.equal('primary');
    expect(volume.notices[0]?.text).to.match(
      /^secondary header: the sha256 checksum .* \(csum at byte 16832\); the primary header is used$/,
    );
  });

  it('both copies damaged: one message with both reasons, no volume', () => {
    const error = refusal(flipped(flipped(image, 5000), HDR_SIZE));
    expect(error).to.include({ code: 'luks.both-headers', offset: 448, blame: 'input' });
    expect(error.message).to.include('(csum at byte 448)').and.include('secondary header: no magic');
    expect(error.where).to.equal('disk.img: byte 448 (0x1c0)');
  });

  it('a primary copy that is gone altogether is looked for behind every size of a header', () => {
    const blank = image.slice();
    blank.fill(0, 0, 8192);
    expect(readLuks(memorySource(blank)).header.which).to.equal('secondary');
  });

  it('of two good copies the newer one is used', () => {
    const json = textOf(image);
    const header = { hdr_size: HDR_SIZE, uuid: 'u', subsystem: '', json };
    const older = writeHeaders({ ...header, seqid: 4n, label: 'older' }, new Random(1));
    const newer = writeHeaders({ ...header, seqid: 5n, label: 'newer' }, new Random(1));
    const mixed = image.slice();
    mixed.set(older.subarray(0, HDR_SIZE));
    mixed.set(newer.subarray(HDR_SIZE), HDR_SIZE);
    const volume = readLuks(memorySource(mixed));
    expect(volume.label).to.equal('newer');
    expect(volume.notices[0]?.text).to.include('the primary header is older (4) than the secondary one (5)');
  });

  it('no LUKS at all, and an image that is cut, have messages of their own', () => {
    expect(refusal(new Uint8Array(100_000))).to.include({ fault: 'not-luks', offset: 0 });
    expect(refusal(new Uint8Array(0))).to.include({ fault: 'not-luks', offset: 0 });
    expect(refusal(image.subarray(0, 3000))).to.include({ fault: 'both-headers' });
    expect(refusal(image.subarray(0, 1_000_000)).message).to.match(/segments\.0 at byte \d+ .*go past the image's end at 1000000/);
  });

  describe('metadata whose checksum fits', () => {
    const wrong: Readonly<Record<string, readonly [change: (json: string) => string, field: string, told: RegExp]>> = {
      'is cut': [json => json.slice(0, -2), 'JSON area', /no JSON here/],
      'lacks a field': [json => json.replace('"stripes":4000,', ''), 'keyslots.0.af.stripes', /expected (number|int), received undefined/],
      'has a salt that is no base64': [json => json.replace(/"salt":"./, '"salt":"?'), 'keyslots.0.kdf.salt', /is no base64/],
      'has a number without quotes': [json => json.replace(/"offset":"(\d+)"/, '"offset":$1'), 'keyslots.0.area.offset', /expected string/],
      'has an area in the header': [
        json => json.replace('"offset":"32768"', '"offset":"4096"'),
        'keyslots.0.area',
        /outside of the key slots' area/,
      ],
      'has an area that is too small': [
        json => json.replace('"size":"258048"', '"size":"4096"'),
        'keyslots.0.area.size',
        /cannot hold 4000 stripes/,
      ],
      'names a segment that is missing': [
        json => json.replace('"segments":["0"]', '"segments":["7"]'),
        'digests.0.segments.0',
        /no segment 7/,
      ],
      'names a key slot that is missing': [
        json => json.replace('"keyslots":["0"]', '"keyslots":["3"]'),
        'digests.0.keyslots.0',
        /no key slot 3/,
      ],
      'has another size': [json => json.replace('"json_size":"12288"', '"json_size":"4096"'), 'config.json_size', /the header has 12288/],
    };
    for (const [what, [change, field, told]] of Object.entries(wrong)) {
      it(`${what}: ${field} is named with its byte`, () => {
        const json = change(textOf(image));
        const error = refusal(withJson(image, json));
        expect(error.message).to.include(`(${field} at byte `).and.match(told);
        // The byte lies in the JSON text, at the value or at the object that should have it.
        const place = Number(/at byte (\d+)\)/.exec(error.detail)?.[1]);
        expect(place).to.be.within(4096, 4096 + json.length);
      });
    }

    const unsupported: Readonly<Record<string, readonly [change: (json: string) => string, told: RegExp]>> = {
      requirement: [
        json => json.replace('"config":{', '"config":{"requirements":{"mandatory":["online-reencrypt-v2"]},'),
        /requires "online-reencrypt-v2"/,
      ],
      integrity: [json => json.replace('"type":"crypt"', '"type":"crypt","integrity":{"type":"hmac(sha256)"}'), /with integrity/],
      'segment type': [json => json.replace('"type":"crypt"', '"type":"linear"'), /segment of type "linear"/],
    };
    for (const [what, [change, told]] of Object.entries(unsupported)) {
      it(`a ${what} that is not known here is said to be so`, () => {
        expect(refusal(withJson(image, change(textOf(image)))))
          .to.include({ fault: 'unsupported' })
          .and.have.property('message')
          .that.matches(told);
      });
    }

    it('the byte is that of the value', () => {
      const json = textOf(image).replace(
        /"hash":"sha256","iterations":1000,"salt":"[^"]*","digest"/,
        '"hash":"sha256","iterations":0,"salt":"","digest"',
      );
      const changed = withJson(image, json);
      const place = Number(/digests\.0\.iterations at byte (\d+)/.exec(refusal(changed).message)?.[1]);
      expect(Buffer.from(changed.subarray(place, place + 9)).toString()).to.equal('0,"salt":');
    });

    it('a key slot with a cipher or hash that is not known here is skipped', async () => {
      const json = textOf(image).replace('"encryption":"aes-xts-plain64","key_size"', '"encryption":"serpent-xts-plain64","key_size"');
      const { tries } = await unlock(readLuks(memorySource(withJson(image, json))), 'x');
      expect(tries).to.deep.equal([{ keyslot: 0, outcome: 'skipped', why: 'cipher "serpent-xts-plain64" is not read here' }]);
    });
  });
});

describe('LUKS1 header', () => {
  const image = bytesOf(recorded('luks1-pbkdf2.img'));
  const damages: Readonly<Record<string, readonly [at: number, bit: number, fault: string, offset: number]>> = {
    magic: [2, 0, 'not-luks', 0],
    version: [7, 2, 'version', 6],
    'cipher-name': [8, 0, 'unsupported', 8],
    'hash-spec': [72, 0, 'unsupported', 72],
    'payload-offset': [104, 0, 'header', 104],
    'key-bytes': [111, 0, 'unsupported', 8],
    'mk-digest-iter': [164, 7, 'header', 164],
    'active of key slot 0': [208, 0, 'header', 208],
    'active of key slot 7': [208 + 7 * 48, 3, 'header', 208 + 7 * 48],
    'iterations of key slot 0': [212, 7, 'header', 212],
    'key-material-offset of key slot 0': [208 + 40, 0, 'header', 208 + 44],
    'stripes of key slot 0': [208 + 44, 0, 'header', 208 + 44],
  };
  for (const [field, [at, bit, fault, offset]] of Object.entries(damages)) {
    it(`a flipped bit in ${field} is told with its byte`, () => {
      expect(refusal(flipped(image, at, bit))).to.include({ fault, offset });
    });
  }

  it('a payload on another device is said to be so', () => {
    const detached = image.slice();
    detached.fill(0, 104, 108);
    expect(refusal(detached).message).to.include('detached header');
  });

  it('bytes that are no text stay out of messages', () => {
    const odd = image.slice();
    odd.set(utf8('a\u001b[31m'), 8);
    expect(refusal(odd).message).to.match(/^[\x20-\x7e]+$/);
  });
});

const textOf = (image: Uint8Array): string => {
  const area = image.subarray(4096, HDR_SIZE);
  return Buffer.from(area.subarray(0, area.indexOf(0))).toString('utf8');
};

function withJson(image: Uint8Array, json: string): Uint8Array {
  const changed = image.slice();
  changed.set(writeHeaders({ hdr_size: HDR_SIZE, seqid: 1n, uuid: 'u', label: '', subsystem: '', json }, new Random(2)));
  return changed;
}
