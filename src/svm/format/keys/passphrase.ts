import { createHash, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { concat, fromHex } from '../../../bytes/index.ts';
import { SimulatorError } from '../../../sim/index.ts';
import { malformed, NOT_AS_NAMED } from './asn1.ts';
import type { Pem } from './pem.ts';

interface Cipher {
  readonly name: 'AES-CBC' | 'DES-EDE3-CBC';
  readonly keyBytes: number;
}

/** RFC 1421 names as OpenSSL writes them. */
const DEK: Readonly<Record<string, Cipher>> = {
  'DES-EDE3-CBC': { name: 'DES-EDE3-CBC', keyBytes: 24 },
  'AES-128-CBC': { name: 'AES-CBC', keyBytes: 16 },
  'AES-192-CBC': { name: 'AES-CBC', keyBytes: 24 },
  'AES-256-CBC': { name: 'AES-CBC', keyBytes: 32 },
};

/** RFC 8018 B.2 and NIST's AES identifiers. */
const CIPHER_OID: Readonly<Record<string, Cipher>> = {
  '1.2.840.113549.3.7': { name: 'DES-EDE3-CBC', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.2': { name: 'AES-CBC', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'AES-CBC', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'AES-CBC', keyBytes: 32 },
};

const PRF_OID: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'SHA-1',
  '1.2.840.113549.2.9': 'SHA-256',
  '1.2.840.113549.2.10': 'SHA-384',
  '1.2.840.113549.2.11': 'SHA-512',
};

const PBES2 = '1.2.840.113549.1.5.13';
const PBKDF2 = '1.2.840.113549.1.5.12';
const SCRYPT = '1.3.6.1.4.1.11591.4.11';
/** Above this a key file is meant to make us wait, not to protect its key. */
const MAX_ITERATIONS = 10_000_000;
const MAX_SCRYPT_BYTES = 1 << 30;

async function subtle() {
  const { Crypto } = await import('@peculiar/webcrypto');
  return new Crypto().subtle;
}

async function decryptCbc(cipher: Cipher, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Promise<Uint8Array | null> {
  const crypto = await subtle();
  const imported = await crypto.importKey('raw', new Uint8Array(key), { name: cipher.name }, false, ['decrypt']);
  try {
    return new Uint8Array(await crypto.decrypt({ name: cipher.name, iv: new Uint8Array(iv) }, imported, new Uint8Array(data)));
  } catch (error) {
    // OpenSSL's complaints of a block length or padding that is none: the passphrase is wrong, or the data.
    if (String((error as { code?: unknown }).code).startsWith('ERR_OSSL_')) return null;
    throw error;
  }
}

const unknown = (where: string, what: string): SimulatorError =>
  new SimulatorError('key.unknown-encryption', {
    where,
    what,
    hint: 'Known: PKCS#1 PEM and PKCS#8 (PBES2) with AES-CBC or 3DES-CBC, PBKDF2 or scrypt. `openssl pkcs8 -topk8` converts.',
  });

/** OpenSSL's EVP_BytesToKey with MD5 and one round: the key of an encrypted PKCS#1 PEM, salt = the IV's first 8 bytes. */
export function legacyKey(passphrase: Uint8Array, salt: Uint8Array, keyBytes: number): Uint8Array {
  let key = new Uint8Array(0);
  let block = new Uint8Array(0);
  while (key.length < keyBytes) {
    block = new Uint8Array(createHash('md5').update(block).update(passphrase).update(salt.subarray(0, 8)).digest());
    key = new Uint8Array(concat(key, block));
  }
  return key.subarray(0, keyBytes);
}

/** The DER behind `Proc-Type: 4,ENCRYPTED`, or null when the passphrase is wrong. */
export function decryptLegacyPem(pem: Pem, passphrase: Uint8Array, where: string): Promise<Uint8Array | null> {
  const [name = '', ivHex = ''] = (pem.headers.get('DEK-Info') ?? '').split(',');
  const cipher = DEK[name];
  if (!cipher) throw unknown(where, `the key file is encrypted with ${JSON.stringify(name)}`);
  if (!/^(?:[0-9a-fA-F]{16}){1,2}$/.test(ivHex)) throw malformed(where, 'DEK-Info has no initialisation vector');
  const iv = fromHex(ivHex);
  return decryptCbc(cipher, legacyKey(passphrase, iv, cipher.keyBytes), iv, pem.der);
}

/** The PKCS#8 DER inside an EncryptedPrivateKeyInfo (RFC 5958, PBES2 of RFC 8018), or null when the passphrase is wrong. */
export async function decryptPkcs8(der: Uint8Array, passphrase: Uint8Array, where: string): Promise<Uint8Array | null> {
  const { PBES2Params, PKCS8ShroudedKeyBag } = await import('pkijs');
  const { OctetString } = await import('asn1js');
  const bag = await parsed(() => PKCS8ShroudedKeyBag.fromBER(new Uint8Array(der)), where);
  const { algorithmId, algorithmParams } = bag.encryptionAlgorithm;
  if (algorithmId !== PBES2) throw unknown(where, `the key file's encryption is ${algorithmId}`);
  const { keyDerivationFunc, encryptionScheme } = await parsed(() => new PBES2Params({ schema: algorithmParams }), where);
  const cipher = CIPHER_OID[encryptionScheme.algorithmId];
  if (!cipher) throw unknown(where, `the key file's cipher is ${encryptionScheme.algorithmId}`);
  const iv = encryptionScheme.algorithmParams as unknown;
  if (!(iv instanceof OctetString)) throw malformed(where, 'the cipher has no initialisation vector');
  const { algorithmId: kdf, algorithmParams: kdfParams } = keyDerivationFunc;
  if (kdf !== PBKDF2 && kdf !== SCRYPT) throw unknown(where, `the key file's key derivation is ${kdf}`);
  const derive = kdf === PBKDF2 ? deriveByPbkdf2 : deriveByScrypt;
  const key = await derive(kdfParams, passphrase, cipher.keyBytes, where);
  return decryptCbc(cipher, key, iv.valueBlock.valueHexView, bag.encryptedData.valueBlock.valueHexView);
}

/** What asn1js and pkijs throw (plain Errors of several classes) at bytes that are not the structure. */
async function parsed<T>(parse: () => T, where: string): Promise<T> {
  const { AsnError, ParameterError } = await import('pkijs');
  try {
    return parse();
  } catch (error) {
    const named = error instanceof AsnError || error instanceof ParameterError;
    if (named || (error instanceof Error && /schema|ASN\.1|parse|encoded/i.test(error.message))) {
      throw malformed(where, NOT_AS_NAMED, error);
    }
    throw error;
  }
}

async function deriveByPbkdf2(params: unknown, passphrase: Uint8Array, keyBytes: number, where: string): Promise<Uint8Array> {
  const { PBKDF2Params } = await import('pkijs');
  const { OctetString } = await import('asn1js');
  const { salt, iterationCount, prf } = await parsed(() => new PBKDF2Params({ schema: params }), where);
  const hash = prf ? PRF_OID[prf.algorithmId] : 'SHA-1';
  if (!hash) throw unknown(where, `the key derivation's hash is ${prf?.algorithmId}`);
  if (!(salt instanceof OctetString)) throw malformed(where, 'the key derivation has no salt');
  if (iterationCount < 1 || iterationCount > MAX_ITERATIONS) throw unknown(where, `the key derivation asks for ${iterationCount} rounds`);
  const crypto = await subtle();
  const secret = await crypto.importKey('raw', new Uint8Array(passphrase), 'PBKDF2', false, ['deriveBits']);
  const algorithm = { name: 'PBKDF2', hash, salt: new Uint8Array(salt.valueBlock.valueHexView), iterations: iterationCount };
  return new Uint8Array(await crypto.deriveBits(algorithm, secret, keyBytes * 8));
}

/** RFC 7914 §7.1: salt, cost, block size, parallelism. */
async function deriveByScrypt(params: unknown, passphrase: Uint8Array, keyBytes: number, where: string): Promise<Uint8Array> {
  const { Integer, OctetString, Sequence } = await import('asn1js');
  const [salt, ...numbers] = params instanceof Sequence ? params.valueBlock.value : [];
  const [cost = 0, blockSize = 0, parallelization = 0] = numbers.map(item => (item instanceof Integer ? item.valueBlock.valueDec : 0));
  const memory = 128 * cost * blockSize;
  if (!(salt instanceof OctetString) || cost < 2 || blockSize < 1 || parallelization < 1)
    throw malformed(where, 'scrypt lacks a parameter');
  if (memory * parallelization > MAX_SCRYPT_BYTES) throw unknown(where, `scrypt asks for ${memory * parallelization} bytes of work`);
  const options = { cost, blockSize, parallelization, maxmem: 2 * MAX_SCRYPT_BYTES };
  const run = promisify<Uint8Array, Uint8Array, number, typeof options, Buffer>(scrypt);
  return new Uint8Array(await run(passphrase, salt.valueBlock.valueHexView, keyBytes, options));
}
