import { createECDH } from 'node:crypto';
import { concat } from '../../../src/bytes/index.ts';
import { digest, generateRsa } from '../../../src/crypto/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { policyAuthValue, policyCommandCode, zeroPolicy } from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_CC, TPM_ECC, type TPMT_PUBLIC, type TPMT_SENSITIVE } from '../../../src/tpm/wire/index.ts';
import type { Dice } from './dice.ts';

// Templates that TPMs take, and keys that both TPMs can be given: with those all answers are the same bytes.

const EMPTY = new Uint8Array(0);
const NONE = { algorithm: TPM_ALG.NULL };
const AES = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB };
const NO_SCHEME = { scheme: TPM_ALG.NULL };

export const HASHES = [TPM_ALG.SHA1, TPM_ALG.SHA256, TPM_ALG.SHA384, TPM_ALG.SHA512] as const;
const CURVES = [TPM_ECC.NIST_P256, TPM_ECC.NIST_P256, TPM_ECC.NIST_P384, TPM_ECC.NIST_P521];

/** The few authorization values of a stream: so that a value of chance is often the right one. */
export const AUTHS = [EMPTY, Uint8Array.of(1, 2, 3), new Uint8Array(20).fill(7)] as const;

const bits = (dice: Dice): number => {
  let attributes = 0x40; // userWithAuth
  if (dice.percent(60))
    attributes |= 0x12; // fixedTPM, fixedParent
  else if (dice.percent(30)) attributes |= 0x10;
  if (dice.percent(85)) attributes |= 0x400; // noDA
  if (dice.percent(10)) attributes |= 0x80; // adminWithPolicy
  if (dice.percent(10)) attributes &= ~0x40;
  if (dice.percent(8)) attributes |= 0x4; // stClear
  if (dice.percent(5)) attributes |= 0x800; // encryptedDuplication
  return attributes;
};

const SHA256 = TPM_ALG.SHA256;
export const POLICIES: readonly Uint8Array[] = [
  policyAuthValue(SHA256, zeroPolicy(SHA256)),
  policyCommandCode(SHA256, zeroPolicy(SHA256), TPM_CC.Duplicate),
  policyCommandCode(SHA256, zeroPolicy(SHA256), TPM_CC.NV_ChangeAuth),
  policyCommandCode(SHA256, zeroPolicy(SHA256), TPM_CC.NV_UndefineSpaceSpecial),
  policyAuthValue(SHA256, policyCommandCode(SHA256, zeroPolicy(SHA256), TPM_CC.Sign)),
  policyCommandCode(SHA256, zeroPolicy(SHA256), TPM_CC.Certify),
  policyCommandCode(SHA256, zeroPolicy(SHA256), TPM_CC.ObjectChangeAuth),
];

/** The command that each of POLICIES is for; 0 where it is for any. */
export const POLICY_CODES: readonly number[] = [
  0,
  TPM_CC.Duplicate,
  TPM_CC.NV_ChangeAuth,
  TPM_CC.NV_UndefineSpaceSpecial,
  TPM_CC.Sign,
  TPM_CC.Certify,
  TPM_CC.ObjectChangeAuth,
];

export const policyOf = (dice: Dice): Uint8Array => (dice.percent(70) ? EMPTY : dice.percent(90) ? dice.pick(POLICIES) : dice.bytes(20));

type Loose = Record<string, unknown>;
const signScheme = (dice: Dice, schemes: readonly number[], required: boolean): Loose => {
  if (!required && dice.percent(50)) return NO_SCHEME;
  const scheme = dice.pick(schemes);
  return { scheme, hashAlg: dice.pick(HASHES), ...(scheme === TPM_ALG.ECDAA ? { count: 0 } : {}) };
};

const MODES = [TPM_ALG.CTR, TPM_ALG.OFB, TPM_ALG.CBC, TPM_ALG.CFB, TPM_ALG.ECB, TPM_ALG.NULL];
const ECC_SIGN = [TPM_ALG.ECDSA, TPM_ALG.ECDSA, TPM_ALG.ECDAA, TPM_ALG.ECSCHNORR, TPM_ALG.SM2];

/** A template of chance that a TPM mostly takes. RSA keys of the TPM's own making are rare: they take long. */
export function templateOf(dice: Dice, { slow = 3, curves = CURVES }: { slow?: number; curves?: readonly number[] } = {}): TPMT_PUBLIC {
  const attributes = bits(dice);
  const head = { nameAlg: dice.percent(75) ? SHA256 : dice.pick(HASHES), authPolicy: policyOf(dice) };
  const origin = 0x20;
  const kind = dice.below(100);
  const use = dice.pick(['storage', 'sign', 'decrypt', 'both', 'restrictedSign']);
  const asymmetric = (schemes: readonly number[], decrypting: readonly Loose[]) => {
    if (use === 'storage') return { a: 0x30000, symmetric: AES, scheme: NO_SCHEME };
    if (use === 'sign') return { a: 0x40000, symmetric: NONE, scheme: signScheme(dice, schemes, false) };
    if (use === 'restrictedSign') return { a: 0x50000, symmetric: NONE, scheme: signScheme(dice, schemes, true) };
    if (use === 'decrypt') return { a: 0x20000, symmetric: NONE, scheme: dice.pick(decrypting) };
    return { a: 0x60000, symmetric: NONE, scheme: NO_SCHEME };
  };
  let made: Loose;
  if (kind < slow) {
    const { a, ...parts } = asymmetric(
      [TPM_ALG.RSASSA, TPM_ALG.RSAPSS],
      [NO_SCHEME, { scheme: TPM_ALG.RSAES }, { scheme: TPM_ALG.OAEP, hashAlg: SHA256 }],
    );
    made = {
      type: TPM_ALG.RSA,
      ...head,
      objectAttributes: attributes | origin | a,
      parameters: { ...parts, keyBits: dice.pick([1024, 2048]), exponent: 0 },
      unique: EMPTY,
    };
  } else if (kind < 50) {
    const { a, ...parts } = asymmetric(ECC_SIGN, [NO_SCHEME, { scheme: TPM_ALG.ECDH, hashAlg: SHA256 }]);
    made = {
      type: TPM_ALG.ECC,
      ...head,
      objectAttributes: attributes | origin | a,
      parameters: { ...parts, curveID: dice.pick(curves), kdf: NO_SCHEME },
      unique: { x: EMPTY, y: EMPTY },
    };
  } else if (kind < 75) {
    const scheme = dice.pick<Loose>([
      NO_SCHEME,
      NO_SCHEME,
      { scheme: TPM_ALG.HMAC, hashAlg: dice.pick(HASHES) },
      { scheme: TPM_ALG.XOR, hashAlg: dice.pick(HASHES), kdf: TPM_ALG.KDF1_SP800_108 },
    ]);
    const a = dice.pick([0, 0x40000, 0x40000, 0x20000, 0x30000, 0x50000, 0x60000]);
    made = {
      type: TPM_ALG.KEYEDHASH,
      ...head,
      objectAttributes: attributes | a | (dice.percent(50) && a !== 0 ? origin : 0),
      parameters: { scheme },
      unique: EMPTY,
    };
  } else {
    const a = dice.pick([0x20000, 0x60000, 0x60000, 0x40000, 0x30000]);
    made = {
      type: TPM_ALG.SYMCIPHER,
      ...head,
      objectAttributes: attributes | a | (dice.percent(60) ? origin : 0),
      parameters: {
        sym: {
          algorithm: TPM_ALG.AES,
          keyBits: dice.pick([128, 256]),
          mode: a === 0x30000 ? TPM_ALG.CFB : a === 0x40000 ? TPM_ALG.CMAC : dice.pick(MODES),
        },
      },
      unique: EMPTY,
    };
  }
  return made as TPMT_PUBLIC;
}

/** A storage key: what most flows begin with. */
export const storageTemplate = (dice: Dice): TPMT_PUBLIC => ({
  type: TPM_ALG.ECC,
  nameAlg: SHA256,
  objectAttributes: 0x30472,
  authPolicy: EMPTY,
  parameters: { symmetric: AES, scheme: NO_SCHEME, curveID: TPM_ECC.NIST_P256, kdf: NO_SCHEME },
  unique: { x: EMPTY, y: dice.percent(50) ? EMPTY : dice.bytes(8) },
});

const random = new Random('keys that both have');
const rsaKeys = [1024, 2048].map(keyBits => ({ keyBits, key: generateRsa(keyBits, 65537, count => random.bytes(count)) }));
const ECDH: readonly (readonly [number, string, number])[] = [
  [TPM_ECC.NIST_P256, 'prime256v1', 32],
  [TPM_ECC.NIST_P384, 'secp384r1', 48],
];
const eccKeys = ECDH.map(([curveID, name, bytes]) => {
  const ecdh = createECDH(name);
  const d = Uint8Array.of(0, ...random.bytes(bytes - 1));
  ecdh.setPrivateKey(d);
  const point = Uint8Array.from(ecdh.getPublicKey());
  return { curveID, d, x: point.slice(1, 1 + bytes), y: point.slice(1 + bytes) };
});
const seed = random.bytes(32);
const symmetricKey = random.bytes(16);
/** The HMAC key that both TPMs may have: a stream can sign with it. */
export const HMAC_KEY = random.bytes(24);
const shared = (key: Uint8Array): Uint8Array => Uint8Array.from(digest('sha256', concat(seed, key)));

/** A point of a curve: a public key of ours. */
export function pointOn(curveID: number): { x: Uint8Array; y: Uint8Array } {
  const key = eccKeys.find(candidate => candidate.curveID === curveID) ?? eccKeys[0];
  if (!key) throw new RangeError('there are no keys');
  return { x: key.x, y: key.y };
}

/** A key with its private part, for LoadExternal and Import. */
export function givenKey(dice: Dice, attributes: number): { publicArea: TPMT_PUBLIC; sensitive: TPMT_SENSITIVE; auth: Uint8Array } {
  const auth = dice.pick(AUTHS);
  const head = { nameAlg: SHA256, authPolicy: policyOf(dice) };
  const use = dice.pick([0x40000, 0x40000, 0x20000, 0x60000]);
  const parts = (schemes: readonly number[], decrypting: readonly Loose[]) => ({
    symmetric: NONE,
    scheme: use === 0x40000 ? signScheme(dice, schemes, false) : use === 0x20000 ? dice.pick(decrypting) : NO_SCHEME,
  });
  switch (dice.below(4)) {
    case 0: {
      const { keyBits, key } = dice.pick(rsaKeys);
      const parameters = {
        ...parts(
          [TPM_ALG.RSASSA, TPM_ALG.RSAPSS],
          [NO_SCHEME, NO_SCHEME, { scheme: TPM_ALG.RSAES }, { scheme: TPM_ALG.OAEP, hashAlg: SHA256 }],
        ),
        keyBits,
        exponent: 0,
      };
      return {
        publicArea: { type: TPM_ALG.RSA, ...head, objectAttributes: attributes | use, parameters, unique: key.n } as TPMT_PUBLIC,
        sensitive: { sensitiveType: TPM_ALG.RSA, authValue: auth, seedValue: EMPTY, sensitive: key.p },
        auth,
      };
    }
    case 1: {
      const { curveID, d, x, y } = dice.pick(eccKeys);
      const parameters = { ...parts(ECC_SIGN, [NO_SCHEME, { scheme: TPM_ALG.ECDH, hashAlg: SHA256 }]), curveID, kdf: NO_SCHEME };
      return {
        publicArea: { type: TPM_ALG.ECC, ...head, objectAttributes: attributes | use, parameters, unique: { x, y } } as TPMT_PUBLIC,
        sensitive: { sensitiveType: TPM_ALG.ECC, authValue: auth, seedValue: EMPTY, sensitive: d },
        auth,
      };
    }
    case 2: {
      const parameters = { scheme: dice.percent(50) ? NO_SCHEME : { scheme: TPM_ALG.HMAC, hashAlg: dice.pick(HASHES) } };
      const sign = dice.percent(80) ? 0x40000 : 0;
      return {
        publicArea: {
          type: TPM_ALG.KEYEDHASH,
          ...head,
          objectAttributes: attributes | sign,
          parameters,
          unique: shared(HMAC_KEY),
        },
        sensitive: { sensitiveType: TPM_ALG.KEYEDHASH, authValue: auth, seedValue: seed, sensitive: HMAC_KEY },
        auth,
      };
    }
    default: {
      const mode = use === 0x40000 ? TPM_ALG.CMAC : dice.pick(MODES);
      const parameters = { sym: { algorithm: TPM_ALG.AES, keyBits: 128, mode } };
      return {
        publicArea: {
          type: TPM_ALG.SYMCIPHER,
          ...head,
          objectAttributes: attributes | use,
          parameters,
          unique: shared(symmetricKey),
        },
        sensitive: { sensitiveType: TPM_ALG.SYMCIPHER, authValue: auth, seedValue: seed, sensitive: symmetricKey },
        auth,
      };
    }
  }
}

const element = (tag: number, ...contents: readonly Uint8Array[]): Uint8Array => {
  const all = concat(...contents);
  return concat(Uint8Array.of(tag, all.length), all);
};

/** A partial certificate for CertifyX509: issuer, validity, subject, and extensions with a key usage. */
export function partialCertificate(dice: Dice): Uint8Array {
  const usage = dice.pick([
    [7, 0x80],
    [7, 0x80],
    [5, 0x20],
    [3, 0x08],
    [1, 0x06],
    [6, 0x40],
  ]);
  const bits = element(0x03, Uint8Array.from(usage));
  const keyUsage = element(0x30, element(0x06, Uint8Array.of(0x55, 0x1d, 0x0f)), element(0x04, bits));
  const empty = element(0x30);
  const algorithm = dice.percent(15) ? [element(0x30, element(0x06, Uint8Array.of(0x2a, 3)))] : [];
  return element(0x30, ...algorithm, empty, empty, empty, element(0xa3, element(0x30, keyUsage)));
}
