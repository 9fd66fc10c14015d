import { utf8 } from '../../../bytes/index.ts';
import { digest, type RsaKey, toInteger } from '../../../crypto/index.ts';
import { SimulatorError } from '../../../sim/index.ts';
import { sequenceOf } from './asn1.ts';
import { type EsmPrivateKey, type EsmPublicKey, privateKeyOf, publicKeyOf } from './key.ts';
import { decryptLegacyPem, decryptPkcs8 } from './passphrase.ts';
import { type Pem, readPem } from './pem.ts';

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const MIN_KEY_BITS = 1024;
const MAX_KEY_BITS = 16384;

/**
 * A public key file: SPKI or PKCS#1 PEM.
 * @param where names the file in errors.
 * @throws {SimulatorError} `key.private` for a private key, `key.malformed`, `key.not-rsa`, `key.size`, `key.not-public`.
 */
export async function loadPublicKey(file: Uint8Array, where: string): Promise<EsmPublicKey> {
  const pem = readPem(file, where);
  if (pem.label.endsWith('PRIVATE KEY')) {
    throw new SimulatorError('key.private', {
      where,
      what: 'this is a private key',
      hint: 'Give the public key: it is the one that may travel.',
    });
  }
  let der = pem.der;
  if (pem.label === 'PUBLIC KEY') {
    const info = await sequenceOf(der, where); // SubjectPublicKeyInfo, RFC 5280 §4.1
    refuseOtherThanRsa(info.sequence(0).oid(0), where);
    der = info.bytes(1);
  } else if (pem.label !== 'RSA PUBLIC KEY') {
    throw new SimulatorError('key.not-public', { where, what: `a PEM block "${pem.label}" is no public key` });
  }
  const rsa = await sequenceOf(der, where); // RSAPublicKey, RFC 8017 §A.1.1
  const { n, e } = numbers(rsa.integer(0), rsa.integer(1), where);
  return { ...publicKeyOf(n, e), fileFingerprint: digest('sha256', file) };
}

/**
 * A private key file: PKCS#1 or PKCS#8 PEM, encrypted or not.
 * @param passphrase undefined when none is known; an empty one counts as none.
 * @throws {SimulatorError} `key.passphrase-needed`, `key.passphrase-wrong`, `key.not-private`, `key.unknown-encryption`,
 *   `key.malformed`, `key.not-rsa`, `key.size`. No message holds key bytes.
 */
export async function loadPrivateKey(file: Uint8Array, where: string, passphrase?: string): Promise<EsmPrivateKey> {
  const pem = readPem(file, where);
  const encrypted = pem.label === 'ENCRYPTED PRIVATE KEY' || pem.headers.get('Proc-Type') === '4,ENCRYPTED';
  if (!encrypted) return privateFrom(pem, pem.der, where);
  if (!passphrase) {
    throw new SimulatorError('key.passphrase-needed', { where, what: 'the private key is encrypted', hint: 'Give its passphrase.' });
  }
  const wrong = (cause?: unknown) =>
    new SimulatorError('key.passphrase-wrong', { where, what: 'the passphrase does not open the private key', cause });
  const secret = utf8(passphrase);
  const der = await (pem.label === 'ENCRYPTED PRIVATE KEY' ? decryptPkcs8(pem.der, secret, where) : decryptLegacyPem(pem, secret, where));
  if (!der) throw wrong();
  try {
    return await privateFrom(pem, der, where);
  } catch (error) {
    // One wrong passphrase in 256 leaves a padding that looks right; what is behind it is no key.
    if (error instanceof SimulatorError && error.code === 'key.malformed') throw wrong(error);
    throw error;
  }
}

async function privateFrom(pem: Pem, given: Uint8Array, where: string): Promise<EsmPrivateKey> {
  let der = given;
  if (pem.label === 'PRIVATE KEY' || pem.label === 'ENCRYPTED PRIVATE KEY') {
    const info = await sequenceOf(given, where); // PrivateKeyInfo, RFC 5958 §2
    refuseOtherThanRsa(info.sequence(1).oid(0), where);
    der = info.bytes(2);
  } else if (pem.label !== 'RSA PRIVATE KEY') {
    const hint = pem.label.endsWith('PUBLIC KEY') ? 'Give the private half of this pair.' : 'Convert it with openssl pkey.';
    throw new SimulatorError('key.not-private', { where, what: `a PEM block "${pem.label}" is no RSA private key`, hint });
  }
  const rsa = await sequenceOf(der, where); // RSAPrivateKey, RFC 8017 §A.1.2
  const key: RsaKey = { ...numbers(rsa.integer(1), rsa.integer(2), where), p: magnitude(rsa.integer(4)) };
  try {
    return privateKeyOf(key);
  } catch (error) {
    // p does not divide n, or an inverse is missing (RangeError), or OpenSSL refuses what follows from them.
    if (error instanceof RangeError || String((error as { code?: unknown }).code).startsWith('ERR_')) {
      throw new SimulatorError('key.malformed', { where, what: 'the numbers of the private key do not belong together', cause: error });
    }
    throw error;
  }
}

function refuseOtherThanRsa(algorithm: string, where: string): void {
  if (algorithm === RSA_ENCRYPTION) return;
  throw new SimulatorError('key.not-rsa', {
    where,
    what: `the key's algorithm is ${algorithm}, not RSA`,
    hint: 'Lockboxes are made with RSA-OAEP.',
  });
}

function numbers(modulus: Uint8Array, publicExponent: Uint8Array, where: string): { readonly n: Uint8Array; readonly e: number } {
  const n = magnitude(modulus);
  const keyBits = n.length * 8;
  if (keyBits < MIN_KEY_BITS || keyBits > MAX_KEY_BITS) {
    throw new SimulatorError('key.size', {
      where,
      what: `an RSA key of ${keyBits} bits`,
      hint: `From ${MIN_KEY_BITS} to ${MAX_KEY_BITS} bits are taken; TPMs have 2048.`,
    });
  }
  const e = toInteger(magnitude(publicExponent));
  if (e < 3n || e > 0xffff_ffffn || e % 2n === 0n)
    throw new SimulatorError('key.malformed', { where, what: 'the public exponent is none' });
  return { n, e: Number(e) };
}

/** Big-endian bytes of an ASN.1 integer without its leading zero. */
function magnitude(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex(byte => byte !== 0);
  return first < 0 ? new Uint8Array(0) : bytes.slice(first);
}
