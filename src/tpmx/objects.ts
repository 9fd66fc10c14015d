import { createPrivateKey, type KeyObject } from 'node:crypto';
import { concat, decode, encode, sized, struct, tagged, type Value, UINT16 } from '../bytes/index.ts';
import { decryptCfb, digest, encryptCfb, equal, generateRsa, hmac, kdfA, privateKeyObject, type RandomBytes } from '../crypto/index.ts';
import { hashName, digestBytes } from '../tpm/wire/algorithms.ts';
import { TPMA_OBJECT, has } from '../tpm/wire/attributes.ts';
import { TPM_ALG, TPM_RH } from '../tpm/wire/constants.ts';
import { TPM_RC } from '../tpm/wire/response-codes.ts';
import { inParameter } from './rc.ts';
import type { Sensitive, TpmObject } from './state.ts';
import { TPMT_PUBLIC } from './structures.ts';
void createPrivateKey; void tagged; void TPM_RH;

export type Public = Value<typeof TPMT_PUBLIC>;
const { bit } = TPMA_OBJECT;
export const u32 = (v: number): Uint8Array => Uint8Array.of(v >>> 24, v >>> 16, v >>> 8, v);
export const u16 = (v: number): Uint8Array => Uint8Array.of(v >>> 8, v);

export function nameOf(publicArea: Public): Uint8Array {
  if (publicArea.nameAlg === TPM_ALG.NULL) return new Uint8Array(0);
  return concat(u16(publicArea.nameAlg), digest(hashName(publicArea.nameAlg), encode(TPMT_PUBLIC, publicArea)));
}
export const qualified = (nameAlg: number, parentQN: Uint8Array, name: Uint8Array): Uint8Array =>
  nameAlg === TPM_ALG.NULL ? new Uint8Array(0) : concat(u16(nameAlg), digest(hashName(nameAlg), parentQN, name));

const TPMT_SENSITIVE = struct('TPMT_SENSITIVE', 'Part 2 §12.3.2.4', { sensitiveType: UINT16, authValue: sized('authValue', { max: 64 }), seedValue: sized('seedValue', { max: 64 }), sensitive: sized('sensitive', { max: 640 }) });
const TPM2B = sized('TPM2B');

/** Part 1 §22: the private area under the parent's seed: integrity || encrypted sensitive. */
export function wrapPrivate(obj: { publicArea: Public; name: Uint8Array; sensitive: Sensitive }, parentNameAlg: number, seed: Uint8Array, keyBits: number, random: RandomBytes | null): Uint8Array {
  const hash = hashName(parentNameAlg);
  const plain = encode(TPM2B, encode(TPMT_SENSITIVE, { sensitiveType: obj.publicArea.type, authValue: obj.sensitive.authValue, seedValue: obj.sensitive.seedValue, sensitive: obj.sensitive.secret }));
  const key = kdfA(hash, seed, 'STORAGE', obj.name, new Uint8Array(0), keyBits);
  const iv = random ? random(16) : null;
  const enc = encryptCfb(key, iv ?? new Uint8Array(16), plain);
  const body = iv ? concat(encode(TPM2B, iv), enc) : enc;
  const hkey = kdfA(hash, seed, 'INTEGRITY', new Uint8Array(0), new Uint8Array(0), digestBytes(parentNameAlg) * 8);
  return concat(encode(TPM2B, hmac(hash, hkey, body, obj.name)), body);
}
export function unwrapPrivate(blob: Uint8Array, publicArea: Public, name: Uint8Array, parentNameAlg: number, seed: Uint8Array, keyBits: number, withIv: boolean): Sensitive {
  const hash = hashName(parentNameAlg);
  const size = digestBytes(parentNameAlg);
  const bad = () => inParameter(1, TPM_RC.INTEGRITY);
  if (blob.length === 0) throw inParameter(1, TPM_RC.SIZE);
  if (blob.length < 2 + size + 18 || ((blob[0] ?? 0) << 8 | (blob[1] ?? 0)) !== size) throw bad();
  const mac = blob.subarray(2, 2 + size); const body = blob.subarray(2 + size);
  const hkey = kdfA(hash, seed, 'INTEGRITY', new Uint8Array(0), new Uint8Array(0), size * 8);
  if (!equal(mac, hmac(hash, hkey, body, name))) throw bad();
  const key = kdfA(hash, seed, 'STORAGE', name, new Uint8Array(0), keyBits);
  const iv = withIv ? body.subarray(2, 18) : new Uint8Array(16);
  const plain = decryptCfb(key, iv, withIv ? body.subarray(18) : body);
  return sensitiveOf(plain, publicArea);
}
export function sensitiveOf(plain: Uint8Array, publicArea: Public): Sensitive {
  const s = decode(TPMT_SENSITIVE, decode(TPM2B, plain));
  if (s.sensitiveType !== publicArea.type) throw inParameter(1, TPM_RC.TYPE);
  return { authValue: s.authValue, seedValue: s.seedValue, secret: s.sensitive };
}

const keys = new WeakMap<Sensitive, KeyObject>();
export const exponentOf = (p: Public): number => (p.type === TPM_ALG.RSA ? p.parameters.exponent || 65537 : 0);
export function privateKeyOf(obj: TpmObject): KeyObject {
  const s = obj.sensitive!;
  let key = keys.get(s);
  if (!key && obj.publicArea.type === TPM_ALG.RSA) {
    key = privateKeyObject({ n: obj.publicArea.unique, e: exponentOf(obj.publicArea), p: s.secret });
    keys.set(s, key);
  }
  return key!;
}
export const isParent = (p: Public): boolean => p.type === TPM_ALG.RSA && has(p.objectAttributes, bit.restricted | bit.decrypt) && !has(p.objectAttributes, bit.sign);
export const trim = (auth: Uint8Array): Uint8Array => { let n = auth.length; while (n > 0 && auth[n - 1] === 0) n--; return auth.slice(0, n); };

/** Makes the key of a template from given randomness. */
export function makeObject(template: Public, userAuth: Uint8Array, data: Uint8Array, random: RandomBytes): { publicArea: Public; sensitive: Sensitive } {
  if (template.type === TPM_ALG.RSA) {
    const key = generateRsa(template.parameters.keyBits, exponentOf(template), random);
    return { publicArea: { ...template, unique: key.n }, sensitive: { authValue: trim(userAuth), seedValue: isParent(template) ? random(digestBytes(template.nameAlg)) : new Uint8Array(0), secret: key.p } };
  }
  const seedValue = random(digestBytes(template.nameAlg));
  const secret = data;
  return { publicArea: { ...template, unique: digest(hashName(template.nameAlg), seedValue, secret) }, sensitive: { authValue: trim(userAuth), seedValue, secret } };
}
