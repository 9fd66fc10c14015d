import type { Value } from '../../../bytes/index.ts';
import { digest, kdfA, type RandomBytes } from '../../../crypto/index.ts';
import { Random } from '../../../sim/index.ts';
import { nameOf } from '../../names.ts';
import { inParameter, refuse } from '../../refusal.ts';
import { withoutTrailingZeros } from '../../session-crypto.ts';
import {
  digestBytes,
  has,
  hashOf,
  RSA_DEFAULT_EXPONENT,
  TPM_ALG,
  TPM_RC,
  TPMA_OBJECT,
  type TPMS_SENSITIVE_CREATE,
  type TPMT_PUBLIC,
  type TPMT_SENSITIVE,
} from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { eccPrivateKey, eccPublicPoint, exponentOf } from '../crypto/key-crypto.ts';
import { newTdesKey } from '../crypto/tdes.ts';
import { seedOf } from '../hierarchies/hierarchy.ts';
import { symmetricKeyFault, symmetricUnique } from './key-checks.ts';
import { isParentArea } from './objects.ts';

// Part 1 §27, Part 4 CryptCreateObject.

export type SensitiveCreate = Value<typeof TPMS_SENSITIVE_CREATE>;

/**
 * The source of randomness of a primary object: a function of seed, template and the caller's data (Part 1 §27.6). How is up
 * to the vendor; here KDFa feeds the seeded generator.
 */
export function primaryRandom(tpm: Core, hierarchy: number, template: TPMT_PUBLIC, data: Uint8Array): RandomBytes {
  const key = kdfA('sha512', seedOf(tpm, hierarchy), 'Primary Object Creation', nameOf(template), digest('sha512', data), 512);
  const random = new Random(key);
  return count => random.bytes(count);
}

/** Public and sensitive areas of a new object. Checks of the template come before. */
export function createAreas(
  tpm: Core,
  template: TPMT_PUBLIC,
  create: SensitiveCreate,
  random: RandomBytes,
): { publicArea: TPMT_PUBLIC; sensitive: TPMT_SENSITIVE } {
  const seedBytes = digestBytes(template.nameAlg);
  const common = { authValue: create.userAuth };
  switch (template.type) {
    case TPM_ALG.RSA: {
      checkExponent(template.parameters.exponent);
      const { n, p } = tpm.makeRsa(template.parameters.keyBits, exponentOf(template), random);
      const seedValue = seedOfParent(template, random, seedBytes);
      return { publicArea: { ...template, unique: n }, sensitive: { ...common, sensitiveType: TPM_ALG.RSA, seedValue, sensitive: p } };
    }
    case TPM_ALG.ECC: {
      const d = eccPrivateKey(template.parameters.curveID, random);
      const unique = eccPublicPoint(template.parameters.curveID, d);
      if (!unique) throw new RangeError('a private key out of range was made');
      const seedValue = seedOfParent(template, random, seedBytes);
      return { publicArea: { ...template, unique }, sensitive: { ...common, sensitiveType: TPM_ALG.ECC, seedValue, sensitive: d } };
    }
    default: {
      const secret = symmetricSecret(template, create.data, random);
      const sensitive: TPMT_SENSITIVE = { ...common, sensitiveType: template.type, seedValue: random(seedBytes), sensitive: secret };
      return { publicArea: { ...template, unique: symmetricUnique(template.nameAlg, sensitive) }, sensitive };
    }
  }
}

/** Only parents keep a seed: it protects their children. */
const seedOfParent = (template: TPMT_PUBLIC, random: RandomBytes, bytes: number): Uint8Array =>
  isParentArea(template) ? random(bytes) : new Uint8Array(0);

function checkExponent(exponent: number): void {
  if (exponent === 0) return;
  if (exponent < RSA_DEFAULT_EXPONENT || !isPrime(exponent)) refuse(TPM_RC.RANGE);
}

function isPrime(value: number): boolean {
  if (value % 2 === 0) return false;
  for (let divisor = 3; divisor * divisor <= value; divisor += 2) if (value % divisor === 0) return false;
  return true;
}

/** The key of a symmetric object, the data of a sealed one. */
function symmetricSecret(
  template: Extract<TPMT_PUBLIC, { type: typeof TPM_ALG.KEYEDHASH | typeof TPM_ALG.SYMCIPHER }>,
  data: Uint8Array,
  random: RandomBytes,
): Uint8Array {
  const generated = has(template.objectAttributes, TPMA_OBJECT.bit.sensitiveDataOrigin);
  if (template.type === TPM_ALG.SYMCIPHER) {
    const { sym } = template.parameters;
    const bytes = sym.keyBits / 8;
    if (generated) return sym.algorithm === TPM_ALG.TDES ? newTdesKey(bytes, random) : random(bytes);
    const fault = symmetricKeyFault(sym, data);
    return fault === null ? data : refuse(fault);
  }
  const { scheme } = template.parameters;
  const hash = scheme.scheme === TPM_ALG.NULL || scheme.hashAlg === TPM_ALG.NULL ? null : hashOf(scheme.hashAlg);
  if (generated) return random(hash?.digestBytes ?? digestBytes(template.nameAlg));
  if (hash && data.length > hash.blockBytes) refuse(TPM_RC.SIZE);
  return data;
}

/** The authorization value must not be longer than the name's digest (Part 1 §27.3). */
export function withCheckedAuth({ userAuth, data }: SensitiveCreate, publicArea: TPMT_PUBLIC): SensitiveCreate {
  const auth = withoutTrailingZeros(userAuth);
  return auth.length > digestBytes(publicArea.nameAlg) ? refuse(inParameter(1, TPM_RC.SIZE)) : { userAuth: auth, data };
}
