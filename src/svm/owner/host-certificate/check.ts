import { createHash, type KeyObject, verify } from 'node:crypto';
import { decode, sameBytes } from '../../../bytes/index.ts';
import { publicKeyObject } from '../../../crypto/index.ts';
import { handleName, nameOf, qualifiedNameOf } from '../../../tpm/index.ts';
import { TPM_ALG, TPM_RH, TPM_ST, TPMS_ATTEST, type TPMT_PUBLIC } from '../../../tpm/wire/index.ts';
import { type EsmPublicKey, publicKeyOf } from '../../format/index.ts';
import type { PolicyPcr } from '../../wrapping-key/index.ts';
import { type AkEvidence, type Attestation, decodeAkEvidence, decodeKeyEvidence, type KeyEvidence } from './evidence.ts';
import { refused } from './fault.ts';
import { spkiDer } from './issue.ts';
import { OID } from './oids.ts';
import { akProblem, parentProblem, policyPcrOf, wrappingKeyProblem } from './tpm-keys.ts';
import type { Certificate } from './x509.ts';

export interface CheckInput {
  readonly chain: readonly Certificate[];
  /** The certificates that the owner trusts; got by another way than the chain. */
  readonly trusted: readonly Certificate[];
  /** The moment at which the certificates must be valid. */
  readonly at: Date;
  /** The key that is to be authorized, when it was given apart. */
  readonly key?: { readonly key: EsmPublicKey; readonly where: string };
}

/** A host key that may be trusted, and what is worth knowing of it. */
export interface CheckedHostKey {
  readonly key: EsmPublicKey;
  readonly subject: string;
  readonly ca: string;
  readonly policyPcr: PolicyPcr;
}

/**
 * Checks that a wrapping key lies in a TPM, was made there, and does what a wrapping key does. Nothing of that do the real tools: to them
 * a key is trusted because somebody sent it (docs/reference/pef.md#how-an-owner-gets-the-public-key).
 *
 * How the chain is built. The wrapping key decrypts and cannot sign, an endorsement key neither; so the host CA issues all three
 * certificates, each upon a proof of its own:
 *   endorsement key  as the TCG EK Credential Profile has it; the CA (in reality the manufacturer) knows the TPM;
 *   attestation key  after TPM2_ActivateCredential showed that it lies in the TPM of that endorsement key;
 *   wrapping key     after the attestation key signed TPM2_Certify (it is loaded there, under this parent) and TPM2_CertifyCreation (it
 *                    was made there). The latter matters: the key has fixedTPM clear, so TPM2_Import takes one that somebody made
 *                    outside, with the same public area; TPM2_Certify cannot tell the two apart.
 * What the TPM signed travels in the certificates, and is checked again here: of the CA it takes only that endorsement key and attestation
 * key belong together.
 * @throws {SimulatorError} `cert.*`: the first thing that does not hold.
 */
export async function checkHostKey({ chain, trusted, at, key }: CheckInput): Promise<CheckedHostKey> {
  const leaf = only(chain, OID.keyEvidence, 'a wrapping key');
  const ak = only(chain, OID.akEvidence, 'an attestation key');
  const ek = chain.find(({ extendedKeyUsages }) => extendedKeyUsages.includes(OID.ekCertificate));
  if (!ek) throw refused('incomplete', chain[0]?.where ?? '', 'there is no certificate of an endorsement key');
  const ca = checkIssued([leaf, ak, ek], trusted, at);
  if (!ak.extendedKeyUsages.includes(OID.aikCertificate))
    throw refused('usage', ak.where, 'it was not issued for an attestation key (extendedKeyUsage tcg-kp-AIKCertificate)');
  if (key && !sameKey(key.key.key, leaf.publicKey))
    throw refused('other-key', key.where, `the certificate is about another key: "${leaf.subject}"`);
  const akEvidence = await decodeAkEvidence(leafValue(ak, OID.akEvidence), ak.where);
  const evidence = await decodeKeyEvidence(leafValue(leaf, OID.keyEvidence), leaf.where);
  checkAttestationKey(ak, ek, akEvidence);
  checkWrappingKey(leaf, ak, ek, evidence, akEvidence);
  const { n, e } = numbersOf(leaf.publicKey);
  return { key: publicKeyOf(n, e), subject: leaf.subject, ca: ca.subject, policyPcr: policyPcrOf(evidence.key) ?? 16 };
}

function only(chain: readonly Certificate[], evidence: string, what: string): Certificate {
  const found = chain.filter(({ extensions }) => extensions.has(evidence));
  const [first, second] = found;
  if (!first) throw refused('incomplete', chain[0]?.where ?? '', `there is no certificate of ${what} with what its TPM said of it`);
  if (second) throw refused('incomplete', second.where, `there are two certificates of ${what}: give the chain of one host`);
  return first;
}

const UNDERSTOOD: ReadonlySet<string> = new Set([OID.basicConstraints, OID.keyUsage, OID.extKeyUsage, OID.subjectAltName]);

/** Every certificate comes from one trusted CA, is whole, and is valid at the moment. The CA. */
function checkIssued(certificates: readonly Certificate[], trusted: readonly Certificate[], at: Date): Certificate {
  const [leaf] = certificates;
  // Names are no keys: of several CAs of one name it is the one that signed.
  const named = trusted.filter(candidate => leaf?.namedAsIssuer(candidate));
  const ca = named.find(candidate => leaf?.signedBy(candidate.publicKey)) ?? named[0];
  if (trusted.length === 0) throw refused('no-ca', leaf?.where ?? '', `nothing says that "${leaf?.issuer}" may be trusted`);
  for (const certificate of certificates) {
    if (!ca || !certificate.namedAsIssuer(ca)) {
      const known = trusted.map(({ subject }) => `"${subject}"`).join(', ');
      throw refused('wrong-ca', certificate.where, `issued by "${certificate.issuer}", but trusted is ${known}`);
    }
  }
  if (!ca) throw refused('no-ca', '', 'there is no certificate to check');
  if (!ca.isCa) throw refused('not-a-ca', ca.where, `"${ca.subject}" is no certification authority (basicConstraints, keyUsage)`);
  for (const certificate of [ca, ...certificates]) {
    const { where, signatureAlgorithm, notBefore, notAfter, extensions } = certificate;
    if (signatureAlgorithm !== OID.sha256WithRSAEncryption)
      throw refused('signature', where, `signed with algorithm ${signatureAlgorithm}, not sha256WithRSAEncryption`);
    if (certificate !== ca && !certificate.signedBy(ca.publicKey))
      throw refused(
        'signature',
        where,
        `the signature of "${ca.subject}" does not hold: the certificate was altered, or another key signed it`,
      );
    if (at < notBefore) throw refused('not-yet-valid', where, `valid from ${day(notBefore)} on; it is ${day(at)}`);
    if (at > notAfter) throw refused('expired', where, `expired on ${day(notAfter)}; it is ${day(at)}`);
    for (const [oid, { critical }] of extensions)
      if (critical && !UNDERSTOOD.has(oid)) throw refused('extension', where, `the critical extension ${oid} is not understood here`);
  }
  return ca;
}

function checkAttestationKey(ak: Certificate, ek: Certificate, evidence: AkEvidence): void {
  if (!sameKey(publicOf(evidence.key), ak.publicKey))
    throw refused('other-key', ak.where, 'the public area of the attestation key is not that of the certified key');
  const problem = akProblem(evidence.key);
  if (problem) throw refused('attributes', ak.where, `what this key signs proves nothing: ${problem}`);
  if (!sameBytes(evidence.ekCertificate, sha256(ek.der)))
    throw refused('other-tpm', ak.where, `the attestation key belongs to another endorsement key than that of ${ek.where}`);
}

function checkWrappingKey(leaf: Certificate, ak: Certificate, ek: Certificate, evidence: KeyEvidence, akEvidence: AkEvidence): void {
  const { where } = leaf;
  if (!sameKey(publicOf(evidence.key), leaf.publicKey))
    throw refused('other-key', where, 'the public area that the TPM attests is that of another key');
  const problem = wrappingKeyProblem(evidence.key);
  if (problem) throw refused('attributes', where, `this is no wrapping key: ${problem}`);
  const above = parentProblem(evidence.parent);
  if (above) throw refused('attributes', where, `the key's parent does not keep it in the TPM: ${above}`);

  const name = nameOf(evidence.key);
  const akName = qualifiedIn(TPM_RH.ENDORSEMENT, akEvidence.key);
  const context = sha256(ek.der);
  const certified = signedByAk(evidence.certify, 'TPM2_Certify', TPM_ST.ATTEST_CERTIFY);
  if (!sameBytes(certified.name, name))
    throw refused('attestation', where, 'TPM2_Certify attests another key (its Name is not that of the public area)');
  if (!sameBytes(certified.qualifiedName, qualifiedNameOf(qualifiedIn(TPM_RH.PLATFORM, evidence.parent), TPM_ALG.SHA256, name)))
    throw refused('attestation', where, 'the key does not lie under the given parent in the platform hierarchy (its qualified Name)');
  if (!evidence.creation)
    throw refused('imported', where, 'the TPM holds the key, but does not say that it made it: TPM2_CertifyCreation is missing');
  const created = signedByAk(evidence.creation, 'TPM2_CertifyCreation', TPM_ST.ATTEST_CREATION);
  if (!sameBytes(created.objectName, name)) throw refused('attestation', where, 'TPM2_CertifyCreation attests the making of another key');

  function signedByAk<T extends TPMS_ATTEST['type']>(
    attestation: Attestation,
    command: string,
    type: T,
  ): Extract<TPMS_ATTEST, { readonly type: T }> {
    if (!holds(attestation, ak.publicKey))
      throw refused('attestation', where, `the signature of ${command} is not that of the attestation key, or what it signs was altered`);
    const attest = decode(TPMS_ATTEST, attestation.bytes);
    if (attest.type !== type) throw refused('attestation', where, `where ${command} belongs, something else is attested`);
    if (!sameBytes(attest.qualifiedSigner, akName)) throw refused('attestation', where, `${command} names another key as its signer`);
    if (!sameBytes(attest.extraData, context))
      throw refused('other-tpm', where, `${command} was made for another endorsement key's certificate`);
    return attest as Extract<TPMS_ATTEST, { readonly type: T }>;
  }
}

/** RSASSA with SHA-256: what an attestation key of ours has. */
function holds({ bytes, signature }: Attestation, key: KeyObject): boolean {
  if (signature.sigAlg !== TPM_ALG.RSASSA || signature.hash !== TPM_ALG.SHA256) return false;
  return verify('sha256', bytes, key, signature.sig);
}

const qualifiedIn = (hierarchy: number, primary: TPMT_PUBLIC): Uint8Array =>
  qualifiedNameOf(handleName(hierarchy), primary.nameAlg, nameOf(primary));

const EXPONENT = 65537;
const publicOf = (area: TPMT_PUBLIC): KeyObject | undefined => {
  if (area.type !== TPM_ALG.RSA || area.unique.length === 0) return undefined;
  return publicKeyObject(area.unique, area.parameters.exponent || EXPONENT);
};
const sameKey = (a: KeyObject | undefined, b: KeyObject): boolean => a !== undefined && sameBytes(spkiDer(a), spkiDer(b));

function numbersOf(key: KeyObject): { readonly n: Uint8Array; readonly e: number } {
  const { n = '', e = '' } = key.export({ format: 'jwk' });
  return { n: new Uint8Array(Buffer.from(n, 'base64url')), e: Number(`0x${Buffer.from(e, 'base64url').toString('hex')}`) };
}

const leafValue = ({ extensions }: Certificate, oid: string): Uint8Array => extensions.get(oid)?.value ?? new Uint8Array(0);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const day = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');
