import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import { utf8 } from '../../../src/bytes/index.ts';
import { Random, SimulatorError } from '../../../src/sim/index.ts';
import { loadPrivateKey, loadPublicKey, privateKeyOf, privatePem } from '../../../src/svm/format/index.ts';
import { recorded, rejectionOf } from '../vectors.ts';

const vector = recorded('04-authorize-after-make');
const pem = Buffer.from(vector.read('tpm1.pem')).toString();
const key = createPrivateKey(pem);
const PASSPHRASE = 'correct horse 7';

/** `openssl genrsa 1024 | openssl pkcs8 -topk8 -scrypt -scrypt_N 1024`, OpenSSL 3.0. */
const SCRYPT = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIC1TBPBgkqhkiG9w0BBQ0wQjAhBgkrBgEEAdpHBAswFAQIei43NJ4eHncCAgQA
AgEIAgEBMB0GCWCGSAFlAwQBKgQQLAjgo8eYHwt7Xu6M0FxABQSCAoDQF+Wm+Ytk
zf+a8PzycuGPYgk158lgZl6KNo3UQ28kiSxxxQpWet0ZWhTpdH3NEjftaiQMy6C3
vEJTbaE55x5GsCo4Tt3RRMDChAv9P9b/1IT0oZIMF5xf9WKURmJXlAZhN9U+fUg2
qsrTTToAU/hiWV21ojdnFYzl4BTRwko8m1Pm7GqA79rNAd8HBiP10IsjP4qJAMEP
kNrW27rNvYMjvacxKORPmXUPAgjjaYp8kP1odwjC759TV0afhYZ6DCEKGsEeDA9g
NBthcoyYl839cJFaKusGbpg5iwagTduJrB6Efq4ZEWrQCCUZeWsXibqi+uzonTN+
nvC1DqV72IFS8HQyMYTV3XzZDbBhJV7T9Ysh129y3jB1yHaH4pATBvgBPTUyGY0S
IfqONQr19ROjvrvtwCGOIN/vnGv5TBQNlsaG+CikCGxuG1R6wgnnsX1tyPEiOb0N
wiSzO3uOpPbq8IID9T+q+XoOcfSORCDEui7sPuWzTfFnMyUPeBY+LxW7/xsmYeyD
DS34yuE2BTedruYr+rU2r0p/5LipRuO1sP5lL5ldtZCemRghZCSJIc/HrAz+k2n9
EFZtHP8/b/DanNnoVlInLF1Nh6dnQVn3FumNIQUsxpMz++svB3ol9ZH573kr5C5/
4XDzLcAkpnomvFyKc52SIB97y3w9P1KMIn3A0Msffz2CwbDk3xC0G6mQ6lTNXag+
v9O1oDjS/PsTcEATcQj2wDDr+Y04fioE/x/ZkXr2HdSU0XtRz4A8Q72l5OSKWXQ/
rujSBgjTkmhitfaxElmsNqxlW5z28HL1cI3b0TLhru7qTv9gsScasEUqE80sSWhS
QakXDLM614FN
-----END ENCRYPTED PRIVATE KEY-----
`;

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await rejectionOf(promise);
  expect(error).to.be.instanceOf(SimulatorError);
  return (error as SimulatorError).code;
};

describe('private key files', () => {
  const { fingerprint } = privateKeyOf(key);
  const forms: readonly { readonly about: string; readonly file: string; readonly passphrase?: string }[] = [
    { about: 'PKCS#8', file: pem },
    { about: 'PKCS#1', file: key.export({ type: 'pkcs1', format: 'pem' }).toString() },
    { about: 'with CRLF line ends', file: pem.replaceAll('\n', '\r\n') },
    { about: 'behind other text', file: `Bag Attributes\n${pem}` },
    ...(['des-ede3-cbc', 'aes-128-cbc', 'aes-256-cbc'] as const).flatMap(cipher => [
      {
        about: `PKCS#1 under ${cipher}`,
        file: key.export({ type: 'pkcs1', format: 'pem', cipher, passphrase: PASSPHRASE }).toString(),
        passphrase: PASSPHRASE,
      },
      {
        about: `PKCS#8 under ${cipher}`,
        file: key.export({ type: 'pkcs8', format: 'pem', cipher, passphrase: PASSPHRASE }).toString(),
        passphrase: PASSPHRASE,
      },
    ]),
  ];
  for (const { about, file, passphrase } of forms) {
    it(`opens ${about}`, async () => {
      expect((await loadPrivateKey(utf8(file), 'k.pem', passphrase)).fingerprint).to.deep.equal(fingerprint);
    });
    if (!passphrase) continue;
    it(`${about}: refuses a wrong passphrase, and asks for one`, async () => {
      expect(await codeOf(loadPrivateKey(utf8(file), 'k.pem', 'wrong'))).to.equal('key.passphrase-wrong');
      expect(await codeOf(loadPrivateKey(utf8(file), 'k.pem'))).to.equal('key.passphrase-needed');
    });
  }

  it('opens PKCS#8 under scrypt', async () => {
    const opened = await loadPrivateKey(utf8(SCRYPT), 'k.pem', PASSPHRASE);
    const { privateKey } = privateKeyOf(createPrivateKey({ key: SCRYPT, passphrase: PASSPHRASE }));
    expect(opened.privateKey.equals(privateKey)).to.equal(true);
    expect(await codeOf(loadPrivateKey(utf8(SCRYPT), 'k.pem', 'wrong'))).to.equal('key.passphrase-wrong');
  });

  it("opens the real tool's encrypted file", async () => {
    const origin = await vector.privateKey('origin.key');
    expect(origin.fingerprint).to.deep.equal((await vector.publicKey('origin.pub')).fingerprint);
  });

  it('a wrong passphrase is never a key, whatever padding it leaves', async () => {
    const file = vector.read('origin.key');
    for (let i = 0; i < 600; i++) expect(await codeOf(loadPrivateKey(file, 'origin.key', `wrong ${i}`))).to.equal('key.passphrase-wrong');
  });

  it('opens what it writes; the same randomness gives the same file', async () => {
    const given = privateKeyOf(key);
    const written = privatePem(given, PASSPHRASE, new Random(1));
    expect(written)
      .to.equal(privatePem(given, PASSPHRASE, new Random(1)))
      .and.to.match(/DEK-Info: DES-EDE3-CBC,[0-9A-F]{16}\n\n/);
    expect((await loadPrivateKey(utf8(written), 'k', PASSPHRASE)).fingerprint).to.deep.equal(fingerprint);
    expect(createPrivateKey({ key: written, passphrase: PASSPHRASE }).asymmetricKeyType).to.equal('rsa'); // OpenSSL reads it too
    expect(privatePem(given, '', new Random(1))).to.equal(key.export({ type: 'pkcs1', format: 'pem' }));
  });

  it('says what else a file is', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ecPem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const sec1 = ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
    expect(await codeOf(loadPrivateKey(utf8(ecPem), 'k'))).to.equal('key.not-rsa');
    expect(await codeOf(loadPrivateKey(utf8(sec1), 'k'))).to.equal('key.not-private');
    expect(await codeOf(loadPrivateKey(vector.read('tpm1.pub.pem'), 'k'))).to.equal('key.not-private');
    expect(await codeOf(loadPrivateKey(utf8('no key at all'), 'k'))).to.equal('key.malformed');
    expect(await codeOf(loadPublicKey(utf8(pem), 'k'))).to.equal('key.private');
    expect(await codeOf(loadPublicKey(utf8(ec.publicKey.export({ type: 'spki', format: 'pem' }).toString()), 'k'))).to.equal('key.not-rsa');
    const camellia =
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: CAMELLIA-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n';
    expect(await codeOf(loadPrivateKey(utf8(camellia), 'k', 'x'))).to.equal('key.unknown-encryption');
  });

  it('damaged files are malformed, and no message shows what is in them', async () => {
    const lines = pem.split('\n');
    const random = new Random('damage');
    for (let i = 0; i < 200; i++) {
      const der = Buffer.from(lines.slice(1, -2).join(''), 'base64');
      for (let j = 0; j < 3; j++) der[random.below(der.length)] = random.below(256);
      const file = utf8(`-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`);
      await loadPrivateKey(file, 'k.pem').catch((error: unknown) => {
        expect(error).to.be.instanceOf(SimulatorError);
        expect((error as SimulatorError).message)
          .to.match(/^k\.pem: /)
          .and.to.have.length.below(160);
      });
    }
  });
});

describe('public key files', () => {
  it('that are not canonical keep the fingerprint of the key and that of the file apart', async () => {
    const canonical = await vector.publicKey('tpm1.pub.pem');
    const crlf = await loadPublicKey(utf8(Buffer.from(vector.read('tpm1.pub.pem')).toString().replaceAll('\n', '\r\n')), 'k');
    const pkcs1 = await loadPublicKey(utf8(canonical.key.export({ type: 'pkcs1', format: 'pem' }).toString()), 'k');
    for (const other of [crlf, pkcs1]) {
      expect(other.fingerprint).to.deep.equal(canonical.fingerprint);
      expect(other.fileFingerprint).to.not.deep.equal(canonical.fileFingerprint);
    }
  });
});
