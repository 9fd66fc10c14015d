import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { concat, fromHex, toHex, utf8 } from '../../src/bytes/index.ts';
import { DIGEST_BYTES, decryptCfb, encryptCfb, type HashName, kdfA, kdfE, mgf1 } from '../../src/crypto/index.ts';

interface Session {
  readonly attributes?: string;
  readonly nonceCaller: string;
  readonly nonceTPM: string;
}

interface Message {
  readonly name?: string;
  readonly dir: string;
  readonly salt?: string;
  readonly bindAuth?: string;
  readonly sessionKey?: string;
  readonly nonceCaller: string;
  readonly nonceTPM: string;
  readonly cfbKeyIv?: string;
  readonly encKeySessionValue: string;
  readonly encryptedParam: string;
  readonly decryptedParam: string;
  readonly sessions: readonly Session[];
}
/** The hash of a session, by the length of its key. */
const hashOf = (sessionKey: string): HashName =>
  (['sha1', 'sha256', 'sha384', 'sha512'] as const).find(hash => DIGEST_BYTES[hash] * 2 === sessionKey.length) ?? 'sha256';
const transcript = (name: string): readonly Message[] =>
  readFileSync(`fixtures/observed/tpm/${name}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

describe('KDFa', () => {
  for (const name of ['04-salted-hmac-session-rsa', '04b-salted-hmac-session-ecc', '05-bound-session']) {
    it(`gives the session key that a real TPM had: ${name}`, () => {
      const messages = transcript(name);
      let keys = 0;
      for (const [i, { sessionKey, nonceTPM, nonceCaller }] of messages.entries()) {
        const { salt, bindAuth } = messages[i - 1] ?? {};
        if (messages[i]?.name !== 'StartAuthSession' || !sessionKey || salt === undefined || bindAuth === undefined) continue;
        const key = fromHex(bindAuth + salt);
        expect(toHex(kdfA(hashOf(sessionKey), key, 'ATH', fromHex(nonceTPM), fromHex(nonceCaller), sessionKey.length * 4))).to.equal(
          sessionKey,
        );
        keys++;
      }
      expect(keys).to.be.above(0);
    });

    it(`gives key and IV with which a real TPM encrypted: ${name}`, () => {
      let parameters = 0;
      let hash: HashName = 'sha256';
      for (const { dir, sessionKey, cfbKeyIv, encKeySessionValue, sessions, encryptedParam, decryptedParam } of transcript(name)) {
        if (sessionKey) hash = hashOf(sessionKey);
        if (dir !== 'response' || !cfbKeyIv || !encryptedParam) continue;
        // TPMA_SESSION encrypt: the response's first parameter is encrypted with this session.
        const { nonceTPM, nonceCaller } = sessions.find(({ attributes }) => (Number(attributes) & 0x40) !== 0) as Session;
        const keyIv = kdfA(hash, fromHex(encKeySessionValue), 'CFB', fromHex(nonceTPM), fromHex(nonceCaller), cfbKeyIv.length * 4);
        expect(toHex(keyIv)).to.equal(cfbKeyIv);
        const [key, iv] = [keyIv.slice(0, -16), keyIv.slice(-16)];
        expect(toHex(decryptCfb(key, iv, fromHex(encryptedParam)))).to.equal(decryptedParam);
        expect(toHex(encryptCfb(key, iv, fromHex(decryptedParam)))).to.equal(encryptedParam);
        parameters++;
      }
      expect(parameters).to.be.above(0);
    });
  }

  it('clears the top bits of a length that is no multiple of 8', () => {
    const [whole, part] = [256, 253].map(bits => kdfA('sha256', utf8('key'), 'X', utf8('u'), utf8('v'), bits));
    expect(part).to.have.length(32);
    expect(part?.[0]).to.be.below(32);
    expect(part).not.to.deep.equal(whole); // the length is an input too
  });

  it('goes on over several blocks, and stops within one', () => {
    const long = kdfA('sha1', utf8('key'), 'X', utf8('u'), utf8('v'), 800);
    expect(long).to.have.length(100);
    expect(new Set([0, 20, 40, 60, 80].map(at => toHex(long.slice(at, at + 20)))).size).to.equal(5);
    expect(kdfA('sha512', utf8('key'), 'X', utf8('u'), utf8('v'), 8)).to.have.length(1);
  });
});

describe('KDFe', () => {
  it('is the key derivation of SP 800-56A: RFC 7518 appendix C', () => {
    // "Alice" and "Bob" with A128GCM. The label ends with the NUL that KDFe puts there: the first byte of PartyUInfo's length.
    const z = fromHex('9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4');
    const rest = concat(fromHex('000005'), utf8('Alice'), fromHex('00000003'), utf8('Bob'));
    const key = kdfE('sha256', z, '\0\0\0\x07A128GCM', rest, fromHex('00000080'), 128);
    expect(Buffer.from(key).toString('base64url')).to.equal('VqqN6vgjbSBcIijNcacQGg');
  });

  it('is longer than a digest when asked', () => {
    expect(kdfE('sha1', utf8('z'), 'SECRET', utf8('u'), utf8('v'), 512)).to.have.length(64);
  });
});

describe('MGF1', () => {
  // Known values: https://en.wikipedia.org/wiki/Mask_generation_function
  const known = [
    ['sha1', 'foo', '1ac907'],
    ['sha1', 'foo', '1ac9075cd4'],
    ['sha1', 'bar', 'bc0c655e016bc2931d85a2e675181adcef7f581f76df2739da74faac41627be2f7f415c89e983fd0ce80ced9878641cb4876'],
    ['sha256', 'bar', '382576a7841021cc28fc4c0948753fb8312090cea942ea4c4e735d10dc724b155f9f6069f289d61daca0cb814502ef04eae1'],
  ] as const;
  for (const [hash, seed, mask] of known) {
    it(`${hash}, "${seed}", ${mask.length / 2} bytes`, () => expect(toHex(mgf1(hash, utf8(seed), mask.length / 2))).to.equal(mask));
  }
});
