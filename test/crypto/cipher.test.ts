import { expect } from 'chai';
import { fromHex, toHex, utf8 } from '../../src/bytes/index.ts';
import { decryptCfb, decryptGcm, digest, encryptCfb, encryptGcm, equal, hmac } from '../../src/crypto/index.ts';

const PLAINTEXT = '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51';
const IV = '000102030405060708090a0b0c0d0e0f';

describe('AES-CFB with 128-bit feedback, NIST SP 800-38A', () => {
  const known = [
    ['F.3.13, AES-128', '2b7e151628aed2a6abf7158809cf4f3c', '3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b'],
    [
      'F.3.17, AES-256',
      '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
      'dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b',
    ],
  ] as const;
  for (const [name, key, ciphertext] of known) {
    it(name, () => {
      expect(toHex(encryptCfb(fromHex(key), fromHex(IV), fromHex(PLAINTEXT)))).to.equal(ciphertext);
      expect(toHex(decryptCfb(fromHex(key), fromHex(IV), fromHex(ciphertext)))).to.equal(PLAINTEXT);
      // A stream: a part is the beginning of the whole, whatever its length.
      expect(toHex(encryptCfb(fromHex(key), fromHex(IV), fromHex(PLAINTEXT).slice(0, 19)))).to.equal(ciphertext.slice(0, 38));
    });
  }
});

describe('AES-GCM', () => {
  // McGrew and Viega, The Galois/Counter Mode of Operation, appendix B.
  const plaintext =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255';
  const key = 'feffe9928665731c6d6a8f9467308308';
  const known = [
    {
      name: 'test case 3: AES-128, IV of 12 bytes',
      ...{ key, iv: 'cafebabefacedbaddecaf888', plaintext, tag: '4d5c2af327cd64a62cf35abd2ba6fab4' },
      ciphertext:
        '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985',
    },
    {
      name: 'test case 15: AES-256, IV of 12 bytes',
      ...{ key: key + key, iv: 'cafebabefacedbaddecaf888', plaintext, tag: 'b094dac5d93471bdec1a502270e3cc6c' },
      ciphertext:
        '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad',
    },
    {
      // Made with Python's cryptography 43 (AESGCM): an IV of 16 bytes goes through GHASH, as in ESM blobs.
      name: 'AES-256, IV of 16 bytes',
      key: toHex(Uint8Array.from({ length: 32 }, (_, i) => i)),
      iv: 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
      plaintext: toHex(utf8('ESM blob file, 16-byte IV')),
      ciphertext: 'fd32510ff3ec81a588833aa968029a9b44c922c28cc5d1dbff',
      tag: '92547466f3219023b9c27b8c8cb87e64',
    },
    {
      name: 'AES-128, IV of 16 bytes',
      key: IV,
      iv: 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
      plaintext: toHex(utf8('ESM blob file, 16-byte IV')),
      ciphertext: 'aa91fbd8852496b163417af57b96ac12b45a0843d1d45ab0ef',
      tag: '635980682cf1f7904e160b43927f14fc',
    },
  ];
  for (const { name, key, iv, plaintext, ciphertext, tag } of known) {
    it(name, () => {
      const sealed = encryptGcm(fromHex(key), fromHex(iv), fromHex(plaintext));
      expect([toHex(sealed.ciphertext), toHex(sealed.tag)]).to.deep.equal([ciphertext, tag]);
      expect(toHex(decryptGcm(fromHex(key), fromHex(iv), sealed) ?? new Uint8Array(0))).to.equal(plaintext);
    });
  }

  it('gives nothing when tag, ciphertext, IV or key is another', () => {
    const [key, iv] = [new Uint8Array(32), new Uint8Array(16)];
    const { ciphertext, tag } = encryptGcm(key, iv, utf8('secret'));
    const flip = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    expect(decryptGcm(key, iv, { ciphertext, tag: flip(tag) })).to.equal(null);
    expect(decryptGcm(key, iv, { ciphertext: flip(ciphertext), tag })).to.equal(null);
    expect(decryptGcm(key, flip(iv), { ciphertext, tag })).to.equal(null);
    expect(decryptGcm(flip(key), iv, { ciphertext, tag })).to.equal(null);
  });
});

describe('digests', () => {
  it('of parts are that of the whole: FIPS 180 "abc"', () => {
    expect(toHex(digest('sha1', utf8('a'), utf8('bc')))).to.equal('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(toHex(digest('sha256', utf8('abc')))).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('with a key: RFC 4231 test case 2', () => {
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
    expect(toHex(hmac('sha256', utf8('Jefe'), utf8('what do ya want '), utf8('for nothing?')))).to.equal(expected);
  });

  it('are bytes of their own', () => {
    const whole = digest('sha256', utf8('abc'));
    const copy = whole.slice();
    whole.fill(0);
    expect(toHex(copy.slice(0, 4))).to.equal('ba7816bf');
  });

  it('compare by value and length', () => {
    expect([equal(utf8('ab'), utf8('ab')), equal(utf8('ab'), utf8('ac')), equal(utf8('ab'), utf8('abc'))]).to.deep.equal([
      true,
      false,
      false,
    ]);
  });
});
