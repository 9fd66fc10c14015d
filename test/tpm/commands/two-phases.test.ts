import { createCipheriv, createHash, verify, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { fromHex, toHex } from '../../../src/bytes/index.ts';
import type { TpmClient } from '../../../src/tpm/client/index.ts';
import {
  TPM2_CertifyX509,
  TPM2_Commit,
  TPM2_EC_Ephemeral,
  TPM2_EncryptDecrypt2,
  TPM2_HMAC,
  TPM2_LoadExternal,
  TPM2_Sign,
  TPM2_VerifySignature,
  TPM2_ZGen_2Phase,
} from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_ECC, TPM_RH, TPM_ST, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import { clientOf, must, outcome, startedTpm } from '../help.ts';
import { DECRYPT, EMPTY, ecc, NO_PASSWORD, opensslKey, primary, SIGN } from './keys.ts';

const NO_TICKET = { tag: TPM_ST.HASHCHECK, hierarchy: TPM_RH.NULL, digest: EMPTY } as const;
const DIGEST = new Uint8Array(createHash('sha256').update('what is to be signed').digest());
const sessions = [NO_PASSWORD];

/** A symmetric key that is known outside. */
async function cipherKey(client: TpmClient, attributes: number, sym: object, key: Uint8Array): Promise<number> {
  const seed = new Uint8Array(32);
  const unique = new Uint8Array(createHash('sha256').update(seed).update(key).digest());
  const head = { nameAlg: TPM_ALG.SHA256, objectAttributes: attributes, authPolicy: EMPTY };
  const inPublic = { ...head, type: TPM_ALG.SYMCIPHER, parameters: { sym }, unique } as unknown as TPMT_PUBLIC;
  const inPrivate = { sensitiveType: TPM_ALG.SYMCIPHER, authValue: EMPTY, seedValue: seed, sensitive: key } as never;
  return must(await client.call(TPM2_LoadExternal, {}, { inPrivate, inPublic, hierarchy: TPM_RH.NULL })).handle;
}

describe('CMAC (SP 800-38B, D.1)', () => {
  const KEY = fromHex('2b7e151628aed2a6abf7158809cf4f3c');
  const TEXT = fromHex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  );
  for (const [bytes, mac] of [
    [0, 'bb1d6929e95937287fa37d129b756746'],
    [16, '070a16b46b4d4144f79bdd9dd04a287c'],
    [40, 'dfa66747de9ae63030ca32611497c827'],
    [64, '51f0bebf7e3b9d92fc49741779363cfe'],
  ] as const) {
    it(`${bytes} bytes`, async () => {
      const client = clientOf(startedTpm());
      const handle = await cipherKey(client, 0x40440, { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CMAC }, KEY);
      const params = { buffer: TEXT.slice(0, bytes), hashAlg: TPM_ALG.NULL } as never;
      const { out } = must(await client.call(TPM2_HMAC, { handle }, params, { sessions }));
      expect(toHex(out.outHMAC)).to.equal(mac);
    });
  }
});

describe('ciphers beside OpenSSL', () => {
  for (const [name, algorithm, keyBits, block, openssl] of [
    ['Camellia-128', TPM_ALG.CAMELLIA, 128, 16, 'camellia-128-cbc'],
    ['Camellia-256', TPM_ALG.CAMELLIA, 256, 16, 'camellia-256-cbc'],
    ['TDES', TPM_ALG.TDES, 192, 8, 'des-ede3-cbc'],
  ] as const) {
    it(name, async () => {
      const client = clientOf(startedTpm());
      // Each byte of a DES key has odd parity.
      const key = fromHex('0123456789abcdef23456789abcdef01456789abcdef0123fedcba9876543210').slice(0, keyBits / 8);
      const keyHandle = await cipherKey(client, 0x60440, { algorithm, keyBits, mode: TPM_ALG.CBC }, key);
      const text = new Uint8Array(48).fill(7);
      const iv = new Uint8Array(block).fill(9);
      const params = { inData: text, decrypt: 0, mode: TPM_ALG.CBC, ivIn: iv } as never;
      const { out } = must(await client.call(TPM2_EncryptDecrypt2, { keyHandle }, params, { sessions }));
      const cipher = createCipheriv(openssl, key, iv).setAutoPadding(false);
      expect(toHex(out.outData)).to.equal(Buffer.concat([cipher.update(text), cipher.final()]).toString('hex'));
    });
  }
});

describe('key exchange in two phases', () => {
  for (const [name, scheme] of [
    ['ECDH', TPM_ALG.ECDH],
    ['ECMQV', TPM_ALG.ECMQV],
  ] as const) {
    it(`${name}: both sides come to the same points, and each ephemeral key is good once`, async () => {
      const sides = await Promise.all(
        ['one', 'other'].map(async seed => {
          const client = clientOf(startedTpm(seed));
          const { handle: keyA, publicArea } = await primary(client, ecc({ attributes: DECRYPT }));
          const { out } = must(await client.call(TPM2_EC_Ephemeral, {}, { curveID: TPM_ECC.NIST_P256 }));
          return { client, keyA, lasting: publicArea.unique as never, ...out };
        }),
      );
      const exchange = (own: number) => {
        const [a, b] = [sides[own], sides[1 - own]];
        if (!a || !b) throw new RangeError('two sides');
        const params = { inQsB: b.lasting, inQeB: b.Q, inScheme: scheme, counter: a.counter } as never;
        return a.client.call(TPM2_ZGen_2Phase, { keyA: a.keyA }, params, { sessions });
      };
      const [one, other] = [must(await exchange(0)).out, must(await exchange(1)).out];
      expect(one).to.deep.equal(other);
      expect(outcome(await exchange(0))).to.match(/TPM_RC_VALUE/);
    });
  }
});

describe('signatures that OpenSSL has not', () => {
  for (const [name, scheme, curve] of [
    ['ECSCHNORR', TPM_ALG.ECSCHNORR, TPM_ECC.NIST_P256],
    ['SM2', TPM_ALG.SM2, TPM_ECC.SM2_P256],
  ] as const) {
    it(`${name}: verified with the same key, refused for another digest`, async () => {
      const client = clientOf(startedTpm());
      const { handle: keyHandle } = await primary(client, ecc({ attributes: SIGN }, { scheme, hashAlg: TPM_ALG.SHA256 }, curve));
      const params = { digest: DIGEST, inScheme: { scheme: TPM_ALG.NULL }, validation: NO_TICKET } as never;
      const { signature } = must(await client.call(TPM2_Sign, { keyHandle }, params, { sessions })).out;
      must(await client.call(TPM2_VerifySignature, { keyHandle }, { digest: DIGEST, signature }));
      const digest = DIGEST.map(byte => byte ^ 1);
      const refused = await client.call(TPM2_VerifySignature, { keyHandle }, { digest, signature });
      expect(outcome(refused)).to.equal('TPM_RC_SIGNATURE, parameter 2 (0x2db)');
    });
  }

  it('ECDAA: a commitment is good for one signature', async () => {
    const client = clientOf(startedTpm());
    const template = ecc({ attributes: SIGN }, { scheme: TPM_ALG.ECDAA, hashAlg: TPM_ALG.SHA256, count: 0 }, TPM_ECC.BN_P256);
    const { handle } = await primary(client, template);
    const nothing = { P1: { x: EMPTY, y: EMPTY }, s2: EMPTY, y2: EMPTY };
    const { counter, E } = must(await client.call(TPM2_Commit, { signHandle: handle }, nothing, { sessions })).out;
    expect(E.x.length).to.equal(32);
    const inScheme = { scheme: TPM_ALG.ECDAA, hashAlg: TPM_ALG.SHA256, count: counter };
    const params = { digest: DIGEST, inScheme, validation: NO_TICKET } as never;
    const sign = () => client.call(TPM2_Sign, { keyHandle: handle }, params, { sessions });
    expect(must(await sign()).out.signature.sigAlg).to.equal(TPM_ALG.ECDAA);
    expect(outcome(await sign())).to.match(/TPM_RC_VALUE/);
  });
});

const element = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Uint8Array.of(tag, ...length), body]);
};
/** What the element at the front of some bytes takes, header and all. */
function first(bytes: Uint8Array): Uint8Array {
  const length = bytes[1] ?? 0;
  const more = length < 128 ? 0 : length & 0x7f;
  const size = more === 0 ? length : Number(`0x${toHex(bytes.slice(2, 2 + more))}`);
  return bytes.slice(0, 2 + more + size);
}

describe('TPM2_CertifyX509', () => {
  it('gives what is missing of a certificate that OpenSSL verifies', async () => {
    const client = clientOf(startedTpm());
    const signer = await primary(client, ecc({ attributes: SIGN | 0x80000 }, { scheme: TPM_ALG.ECDSA, hashAlg: TPM_ALG.SHA256 }));
    const subject = await primary(client, ecc({ attributes: SIGN | 0x80000 }), { hierarchy: TPM_RH.ENDORSEMENT });
    const name = (text: string) =>
      element(0x30, element(0x31, element(0x30, fromHex('0603550403'), element(0x0c, new TextEncoder().encode(text)))));
    const time = (text: string) => element(0x17, new TextEncoder().encode(text));
    const validity = element(0x30, time('250101000000Z'), time('350101000000Z'));
    const keyUsage = element(0x30, fromHex('0603551d0f'), element(0x04, fromHex('03020780')));
    const parts = [name('issuer'), validity, name('subject'), element(0xa3, element(0x30, keyUsage))] as const;
    const params = { reserved: EMPTY, inScheme: { scheme: TPM_ALG.NULL }, partialCertificate: element(0x30, ...parts) } as never;
    const { out } = must(
      await client.call(TPM2_CertifyX509, { objectHandle: subject.handle, signHandle: signer.handle }, params, {
        sessions: [NO_PASSWORD, NO_PASSWORD],
        names: [],
      }),
    );
    // version, serialNumber, signature, subjectPublicKeyInfo
    const added: Uint8Array[] = [];
    const outer = first(out.addedToCertificate);
    let rest = outer.slice(outer.length - (outer.length < 130 ? outer.length - 2 : outer.length - 3));
    while (rest.length > 0) {
      const next = first(rest);
      added.push(next);
      rest = rest.slice(next.length);
    }
    const [version, serial, algorithm, key] = added;
    if (!version || !serial || !algorithm || !key) throw new Error('four parts are added');
    const tbs = element(0x30, version, serial, algorithm, parts[0], parts[1], parts[2], key, parts[3]);
    expect(toHex(out.tbsDigest)).to.equal(createHash('sha256').update(tbs).digest('hex'));
    const { signatureR, signatureS } = out.signature as unknown as { signatureR: Uint8Array; signatureS: Uint8Array };
    const raw = Buffer.concat([signatureR, signatureS]);
    const issuer = opensslKey(signer.publicArea);
    expect(verify('sha256', tbs, { key: issuer, dsaEncoding: 'ieee-p1363' }, raw)).to.equal(true);
    const integer = (bytes: Uint8Array) => element(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Uint8Array.of(0), bytes]));
    const bits = element(0x03, Uint8Array.of(0), element(0x30, integer(signatureR), integer(signatureS)));
    const certificate = new X509Certificate(element(0x30, tbs, algorithm, bits));
    expect(certificate.verify(issuer)).to.equal(true);
    expect(certificate.subject).to.equal('CN=subject');
    expect(certificate.publicKey.equals(opensslKey(subject.publicArea))).to.equal(true);
  });
});
