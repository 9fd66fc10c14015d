import { createPublicKey, type KeyObject } from 'node:crypto';
import { publicKeyObject } from '../../../src/crypto/index.ts';
import type { TpmClient } from '../../../src/tpm/client/index.ts';
import { TPM2_CreatePrimary } from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_ECC, TPM_RH, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';
import { must } from '../help.ts';

export const EMPTY = new Uint8Array(0);
export const NO_PASSWORD = { password: EMPTY };
export const NONE = { algorithm: TPM_ALG.NULL } as const;
export const AES_128_CFB = { algorithm: TPM_ALG.AES, keyBits: 128, mode: TPM_ALG.CFB } as const;

// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA
const OWN = 0x472;
export const SIGN = OWN | 0x40000;
export const DECRYPT = OWN | 0x20000;
export const STORAGE = OWN | 0x30000;
/** Neither fixedTPM nor fixedParent: may be duplicated. */
export const MOVABLE_SIGN = 0x460 | 0x40000;

type Template = { readonly attributes: number; readonly authPolicy?: Uint8Array; readonly hash?: number };
const head = ({ attributes, authPolicy = EMPTY, hash = TPM_ALG.SHA256 }: Template) => ({
  nameAlg: hash as typeof TPM_ALG.SHA256,
  objectAttributes: attributes,
  authPolicy,
});

export const rsa = (template: Template, scheme: object = { scheme: TPM_ALG.NULL }): TPMT_PUBLIC =>
  ({
    ...head(template),
    type: TPM_ALG.RSA,
    parameters: { symmetric: isStorage(template) ? AES_128_CFB : NONE, scheme, keyBits: 2048, exponent: 0 },
    unique: EMPTY,
  }) as TPMT_PUBLIC;

export const ecc = (template: Template, scheme: object = { scheme: TPM_ALG.NULL }, curveID: number = TPM_ECC.NIST_P256): TPMT_PUBLIC =>
  ({
    ...head(template),
    type: TPM_ALG.ECC,
    parameters: { symmetric: isStorage(template) ? AES_128_CFB : NONE, scheme, curveID, kdf: { scheme: TPM_ALG.NULL } },
    unique: { x: EMPTY, y: EMPTY },
  }) as TPMT_PUBLIC;

export const keyedHash = (template: Template, scheme: object): TPMT_PUBLIC =>
  ({ ...head(template), type: TPM_ALG.KEYEDHASH, parameters: { scheme }, unique: EMPTY }) as TPMT_PUBLIC;

const isStorage = ({ attributes }: Template): boolean => (attributes & 0x30000) === 0x30000;

/** A primary key of the owner (or another hierarchy), loaded. */
export async function primary(
  client: TpmClient,
  inPublic: TPMT_PUBLIC,
  { data = EMPTY, hierarchy = TPM_RH.OWNER }: { data?: Uint8Array; hierarchy?: number } = {},
) {
  const { handle, out } = must(
    await client.call(
      TPM2_CreatePrimary,
      { primaryHandle: hierarchy },
      { inSensitive: { userAuth: EMPTY, data }, inPublic, outsideInfo: EMPTY, creationPCR: [] },
      { sessions: [NO_PASSWORD] },
    ),
  );
  return { handle, publicArea: out.outPublic, name: out.name, creationHash: out.creationHash, creationTicket: out.creationTicket };
}

const CURVE_NAMES: Readonly<Record<number, string>> = {
  [TPM_ECC.NIST_P256]: 'P-256',
  [TPM_ECC.NIST_P384]: 'P-384',
  [TPM_ECC.NIST_P521]: 'P-521',
};

/** The key as OpenSSL knows it. */
export function opensslKey(publicArea: TPMT_PUBLIC): KeyObject {
  if (publicArea.type === TPM_ALG.RSA) return publicKeyObject(publicArea.unique, 65537);
  if (publicArea.type !== TPM_ALG.ECC) throw new RangeError('no asymmetric key');
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  const crv = CURVE_NAMES[publicArea.parameters.curveID] ?? '';
  return createPublicKey({ key: { kty: 'EC', crv, x: text(publicArea.unique.x), y: text(publicArea.unique.y) }, format: 'jwk' });
}
