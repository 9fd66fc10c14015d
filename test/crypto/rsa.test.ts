import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt } from 'node:crypto';
import { expect } from 'chai';
import { toHex, utf8 } from '../../src/bytes/index.ts';
import {
  fromInteger,
  gcd,
  generateRsa,
  modInverse,
  oaepLabel,
  padOaep,
  padPkcs1,
  privateKeyObject,
  publicKeyObject,
  rsaKeyOf,
  rsaPrivate,
  rsaPublic,
  toInteger,
  unpadOaep,
  unpadPkcs1,
} from '../../src/crypto/index.ts';
import { Random } from '../../src/sim/index.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const random = (count: number) => new Random('rsa test').bytes(count);
const message = utf8('the symmetric key of an ESM blob');

describe('a key made from given bytes', () => {
  const made = (e: number, seed: string) => {
    const chance = new Random(seed);
    return generateRsa(1024, e, count => chance.bytes(count));
  };

  it('is the same again for the same bytes, whatever was made in between', () => {
    const first = made(65537, 'again');
    const other = made(65537, 'other');
    expect(made(65537, 'again')).to.deep.equal(first).and.not.to.deep.equal(other);
  });

  it('fits its exponent, though the same bytes gave one for another exponent before', () => {
    for (const e of [65537, 3, 5, 7, 11, 13]) {
      const p = toInteger(made(e, 'exponents').p);
      expect(gcd(p - 1n, BigInt(e)), `e = ${e}`).to.equal(1n);
    }
  });
});

describe('OAEP', () => {
  for (const [hash, label] of [
    ['sha256', new Uint8Array(0)],
    ['sha1', new Uint8Array(0)],
    ['sha256', oaepLabel('DUPLICATE')],
  ] as const) {
    const options = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash, oaepLabel: Buffer.from(label) };

    it(`${hash}, label "${label.length}": what we pad, OpenSSL opens`, () => {
      const encrypted = rsaPublic(pair.publicKey, padOaep(hash, message, 256, label, random));
      expect(toHex(privateDecrypt({ key: pair.privateKey, ...options }, encrypted))).to.equal(toHex(message));
    });

    it(`${hash}, label "${label.length}": what OpenSSL pads, we open`, () => {
      const encrypted = publicEncrypt({ key: pair.publicKey, ...options }, message);
      expect(unpadOaep(hash, rsaPrivate(pair.privateKey, encrypted), label)).to.deep.equal(message);
    });
  }

  it('takes messages from none up to the longest, and no longer', () => {
    for (const length of [0, 1, 190]) {
      const text = random(length);
      expect(unpadOaep('sha256', padOaep('sha256', text, 256, utf8('L'), random), utf8('L'))).to.deep.equal(text);
    }
    expect(() => padOaep('sha256', random(191), 256, utf8('L'), random)).to.throw('too long');
  });

  it('refuses a block that any byte is changed of, another label, or a short block', () => {
    const block = padOaep('sha256', message, 256, new Uint8Array(0), random);
    for (let i = 0; i < block.length - message.length; i++) {
      const changed = block.slice();
      changed[i] = (changed[i] ?? 0) ^ 0x10;
      expect(unpadOaep('sha256', changed, new Uint8Array(0)), `byte ${i}`).to.equal(null);
    }
    expect(unpadOaep('sha256', block, utf8('other'))).to.equal(null);
    expect(unpadOaep('sha256', block.slice(0, 60), new Uint8Array(0))).to.equal(null);
  });
});

describe('PKCS#1 v1.5', () => {
  it('opens what OpenSSL pads', () => {
    const encrypted = publicEncrypt({ key: pair.publicKey, padding: constants.RSA_PKCS1_PADDING }, message);
    expect(unpadPkcs1(rsaPrivate(pair.privateKey, encrypted))).to.deep.equal(message);
  });

  it('opens what it pads; the filler has no zero', () => {
    const block = padPkcs1(message, 256, random);
    expect(block.indexOf(0, 2)).to.equal(256 - message.length - 1);
    expect(unpadPkcs1(block)).to.deep.equal(message);
    expect(() => padPkcs1(random(246), 256, random)).to.throw('too long');
  });

  it('refuses other blocks', () => {
    for (const bytes of [
      [1, 2],
      [0, 1],
      [0, 2, 1, 1, 1, 1, 1, 1, 1, 0, 5],
      [0, 2, ...new Uint8Array(20).fill(1)],
    ]) {
      expect(unpadPkcs1(Uint8Array.from(bytes))).to.equal(null);
    }
  });
});

describe('RSA keys', () => {
  it('made of the same randomness are the same, and work', () => {
    const make = () => generateRsa(1024, 65537, sequence('key'));
    const key = make();
    expect(make()).to.deep.equal(key);
    expect(generateRsa(1024, 65537, sequence('other')).n).not.to.deep.equal(key.n);
    expect(key.n[0]).to.be.at.least(0x80);
    const secret = fromInteger(0x1234567890abcdefn, 128);
    expect(rsaPrivate(privateKeyObject(key), rsaPublic(publicKeyObject(key.n, key.e), secret))).to.deep.equal(secret);
    expect(rsaKeyOf(privateKeyObject(key)).n).to.deep.equal(key.n);
  });

  it('of a prime that does not divide the modulus are refused', () => {
    const { n, e, p } = rsaKeyOf(pair.privateKey);
    const wrong = fromInteger(toInteger(p) + 2n, p.length);
    expect(() => privateKeyObject({ n, e, p: wrong })).to.throw(RangeError, 'p does not divide n');
    expect(() => privateKeyObject({ n, e, p: Uint8Array.of(1) })).to.throw(RangeError);
  });

  /** Each draw gives other bytes. */
  function sequence(seed: string) {
    const source = new Random(seed);
    return (count: number) => source.bytes(count);
  }
});

describe('integers', () => {
  it('are big-endian and of the length asked for', () => {
    expect(fromInteger(258n, 4)).to.deep.equal(Uint8Array.of(0, 0, 1, 2));
    expect(toInteger(Uint8Array.of(0, 0, 1, 2))).to.equal(258n);
    expect(toInteger(new Uint8Array(0))).to.equal(0n);
    expect(() => fromInteger(256n, 1)).to.throw(RangeError);
  });

  it('have inverses when they share no factor with the modulus', () => {
    expect(modInverse(3n, 11n)).to.equal(4n);
    expect(modInverse(-8n, 11n)).to.equal(4n);
    expect(() => modInverse(6n, 9n)).to.throw('no inverse');
    expect(gcd(12n, 18n)).to.equal(6n);
  });
});
