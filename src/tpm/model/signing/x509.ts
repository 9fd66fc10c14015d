import { sameBytes } from '../../../bytes/index.ts';
import { toInteger } from '../../../crypto/index.ts';
import { digestBytes, has, TPM_ALG, TPM_ECC, TPM_RC, TPMA_OBJECT, TPMA_X509_KEY_USAGE, type TPMT_PUBLIC } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { bitString, der, derInteger, type Element, elementsOf, firstElement, NULL, oid, sequence, TAG } from '../crypto/der.ts';
import type { Chosen } from './signing.ts';

// Part 1 §42, RFC 5280, Part 4 X509_spt.c: the parts of a certificate that the TPM adds, and those that it looks at.

const NIST_HASH = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
const PKCS1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
const ECDSA = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
const HASH_OID: Readonly<Record<number, readonly number[]>> = {
  [TPM_ALG.SHA1]: [0x2b, 0x0e, 0x03, 0x02, 0x1a],
  [TPM_ALG.SHA256]: [...NIST_HASH, 1],
  [TPM_ALG.SHA384]: [...NIST_HASH, 2],
  [TPM_ALG.SHA512]: [...NIST_HASH, 3],
};
/** By hash: the last octet of sha...WithRSAEncryption, the last of ecdsa-with-SHA.... */
const RSASSA_OID: Readonly<Record<number, number>> = {
  [TPM_ALG.SHA1]: 5,
  [TPM_ALG.SHA256]: 11,
  [TPM_ALG.SHA384]: 12,
  [TPM_ALG.SHA512]: 13,
};
const ECDSA_OID: Readonly<Record<number, readonly number[]>> = {
  [TPM_ALG.SHA1]: [1],
  [TPM_ALG.SHA256]: [3, 2],
  [TPM_ALG.SHA384]: [3, 3],
  [TPM_ALG.SHA512]: [3, 4],
};
const CURVE_OID: Readonly<Record<number, readonly number[]>> = {
  [TPM_ECC.NIST_P192]: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01],
  [TPM_ECC.NIST_P224]: [0x2b, 0x81, 0x04, 0x00, 0x21],
  [TPM_ECC.NIST_P256]: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
  [TPM_ECC.NIST_P384]: [0x2b, 0x81, 0x04, 0x00, 0x22],
  [TPM_ECC.NIST_P521]: [0x2b, 0x81, 0x04, 0x00, 0x23],
  [TPM_ECC.SM2_P256]: [0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d],
};

/** SubjectPublicKeyInfo; null for keys that it cannot hold. */
export function subjectPublicKey(area: TPMT_PUBLIC): Uint8Array | null {
  const bits = (...contents: readonly Uint8Array[]) => der(TAG.BIT_STRING, Uint8Array.of(0), ...contents);
  if (area.type === TPM_ALG.RSA) {
    const key = sequence(derInteger(toInteger(area.unique)), derInteger(BigInt(area.parameters.exponent || 65537)));
    return sequence(sequence(oid(...PKCS1, 1), NULL), bits(key));
  }
  const curve = area.type === TPM_ALG.ECC ? CURVE_OID[area.parameters.curveID] : undefined;
  if (area.type !== TPM_ALG.ECC || !curve) return null;
  return sequence(
    sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01), oid(...curve)),
    bits(Uint8Array.of(4), area.unique.x, area.unique.y),
  );
}

/** AlgorithmIdentifier of a signature; null when there is none for the scheme. */
export function signatureAlgorithm(area: TPMT_PUBLIC, { scheme, hashAlg }: Chosen): Uint8Array | null {
  const hash = HASH_OID[hashAlg];
  if (!hash) return null;
  if (area.type === TPM_ALG.RSA && scheme === TPM_ALG.RSASSA) return sequence(oid(...PKCS1, RSASSA_OID[hashAlg] ?? 0), NULL);
  if (area.type === TPM_ALG.RSA && scheme === TPM_ALG.RSAPSS) {
    const pss = oid(...PKCS1, 10);
    if (hashAlg === TPM_ALG.SHA1) return sequence(pss, NULL); // RFC 4055: defaults are left out
    const hashing = sequence(oid(...hash), NULL);
    const salt = Math.min(digestBytes(hashAlg), area.unique.length - digestBytes(hashAlg) - 2);
    const context = (number: number, contents: Uint8Array) => der(TAG.CONTEXT + number, contents);
    const parameters = [context(0, hashing), context(1, sequence(oid(...PKCS1, 8), hashing)), context(2, derInteger(BigInt(salt)))];
    return sequence(pss, sequence(...parameters));
  }
  const ecdsa = area.type === TPM_ALG.ECC && scheme === TPM_ALG.ECDSA ? ECDSA_OID[hashAlg] : undefined;
  return ecdsa ? sequence(oid(...ECDSA, ...ecdsa)) : null;
}

const EXTENSIONS = 0xa3;

/** The parts of a partial certificate, in the order of a TBSCertificate; a code when it is none. */
export interface Partial {
  /** AlgorithmIdentifier, when the caller gives it. */
  readonly signature: Uint8Array | null;
  readonly issuerToSubject: readonly Uint8Array[];
  readonly extensions: Uint8Array;
}

export function readPartial(bytes: Uint8Array): Partial | number {
  if (bytes.length === 0) return TPM_RC.VALUE;
  const outer = firstElement(bytes);
  if (outer?.tag !== TAG.SEQUENCE || outer.whole.length !== bytes.length) return TPM_RC.SIZE;
  const elements = elementsOf(outer.contents);
  const extensions = elements?.filter(({ tag }) => tag === EXTENSIONS) ?? [];
  const sequences = elements?.filter(({ tag }) => tag === TAG.SEQUENCE) ?? [];
  if (!elements || extensions.length !== 1 || sequences.length + 1 !== elements.length) return TPM_RC.VALUE;
  if (sequences.length !== 3 && sequences.length !== 4) return TPM_RC.VALUE;
  const parts = sequences.map(({ whole }) => whole);
  return { signature: parts.length === 4 ? (parts[0] ?? null) : null, issuerToSubject: parts.slice(-3), extensions: extensions[0]!.whole };
}

const KEY_USAGE = oid(0x55, 0x1d, 0x0f);
const TCG_OBJECT = oid(0x67, 0x81, 0x05, 0x0a, 0x01, 0x01, 0x01);
const U = TPMA_X509_KEY_USAGE.bit;
const SIGNING = U.digitalSignature | U.keyCertSign | U.cRLSign;
const DECRYPTING = U.keyEncipherment | U.dataEncipherment | U.keyAgreement | U.encipherOnly | U.decipherOnly;

/** Extensions must not promise what the key cannot keep. ATTRIBUTES blames the object, VALUE the certificate; null if all is well. */
export function extensionsFault({ behaviour }: Core, extensions: Uint8Array, attributes: number): number | null {
  const outer = firstElement(extensions);
  const list = outer && firstElement(outer.contents);
  const all = list?.tag === TAG.SEQUENCE ? elementsOf(list.contents) : null;
  if (!all) return TPM_RC.VALUE;
  const tcg = extensionBits(all, TCG_OBJECT);
  if (tcg === 'broken') return TPM_RC.VALUE;
  if (tcg !== null && tcg !== attributes) return TPM_RC.ATTRIBUTES;
  const usage = extensionBits(all, KEY_USAGE);
  if (usage === null || usage === 'broken') return TPM_RC.VALUE;
  if (behaviour.otherKeyUsage === 'RESERVED_BITS' && (usage & ~(SIGNING | DECRYPTING | U.nonrepudiation)) !== 0)
    return TPM_RC.RESERVED_BITS;
  const lacks = (uses: number, attribute: number) => (usage & uses) !== 0 && !has(attributes, attribute);
  const b = TPMA_OBJECT.bit;
  const wrong =
    lacks(SIGNING, b.sign) ||
    lacks(DECRYPTING, b.decrypt) ||
    lacks(U.nonrepudiation, b.fixedTPM) ||
    lacks(U[behaviour.restrictedKeyUsage], b.restricted);
  return wrong ? TPM_RC.VALUE : null;
}

/** The bits of an extension; null when it is not there. */
function extensionBits(extensions: readonly Element[], wanted: Uint8Array): number | 'broken' | null {
  for (const { tag, contents } of extensions) {
    if (tag !== TAG.SEQUENCE) return 'broken';
    if (!sameBytes(contents.slice(0, wanted.length), wanted)) continue;
    const value = elementsOf(contents)?.find(element => element.tag === TAG.OCTET_STRING);
    const bits = value && firstElement(value.contents);
    return (bits ? bitString(bits) : null) ?? 'broken';
  }
  return null;
}
