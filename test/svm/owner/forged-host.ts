import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encode } from '../../../src/bytes/index.ts';
import { rsaKeyOf } from '../../../src/crypto/index.ts';
import {
  certificatePem,
  checkHostKey,
  encodeAkEvidence,
  encodeKeyEvidence,
  type HostCa,
  issue,
  KEY_USAGE,
  OID,
  readCertificates,
} from '../../../src/svm/owner/host-certificate/index.ts';
import { PARENT_TEMPLATE, wrappingKeyPolicies, wrappingKeyTemplate } from '../../../src/svm/wrapping-key/index.ts';
import { handleName, nameOf, qualifiedNameOf } from '../../../src/tpm/index.ts';
import { TPM_ALG, TPM_GENERATED_VALUE, TPM_RH, TPM_ST, TPMA_OBJECT, TPMS_ATTEST, type TPMT_PUBLIC } from '../../../src/tpm/wire/index.ts';

const FOLDER = 'fixtures/observed/esm/02-three-recipients';
const keyOf = (file: string): KeyObject => createPrivateKey(readFileSync(`${FOLDER}/${file}`));

/** RSA keys that are there: nothing here has to be made. */
export const KEYS = { wrapping: keyOf('tpm1.pem'), ak: keyOf('tpm2.pem'), ek: keyOf('tpm3.pem'), ca: keyOf('origin.key') };

const modulus = (key: KeyObject): Uint8Array => rsaKeyOf(key).n;
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const A = TPMA_OBJECT.bit;

const policies = wrappingKeyPolicies({ policyPcr: 16 });
export const WRAPPING_KEY = wrappingKeyTemplate(policies, modulus(KEYS.wrapping));
const PARENT: TPMT_PUBLIC = { ...PARENT_TEMPLATE, unique: modulus(KEYS.ek) } as TPMT_PUBLIC;
export const AK: TPMT_PUBLIC = {
  type: TPM_ALG.RSA,
  nameAlg: TPM_ALG.SHA256,
  objectAttributes: A.fixedTPM | A.fixedParent | A.sensitiveDataOrigin | A.userWithAuth | A.restricted | A.sign,
  authPolicy: new Uint8Array(0),
  parameters: {
    symmetric: { algorithm: TPM_ALG.NULL },
    scheme: { scheme: TPM_ALG.RSASSA, hashAlg: TPM_ALG.SHA256 },
    keyBits: 2048,
    exponent: 0,
  },
  unique: modulus(KEYS.ak),
};

const VALIDITY = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2030-01-01T00:00:00Z') };
export const AT = new Date('2026-06-01T00:00:00Z');

export const caOf = async (over: Partial<Parameters<typeof issue>[1]> = {}, privateKey = KEYS.ca, name = 'CA'): Promise<HostCa> => {
  const subject = [[OID.commonName, name]] as const;
  const by = { name: subject, privateKey, publicKey: createPublicKey(privateKey) };
  const request = { subject, publicKey: by.publicKey, validity: VALIDITY, keyUsage: KEY_USAGE.keyCertSign, ca: true, ...over };
  return { ...by, certificate: await issue(by, request) };
};

/** What a forger can change of an honest host: everything. */
export interface Forgery {
  readonly key?: TPMT_PUBLIC;
  readonly parent?: TPMT_PUBLIC;
  readonly ak?: TPMT_PUBLIC;
  readonly certifiedKey?: TPMT_PUBLIC;
  readonly createdKey?: TPMT_PUBLIC;
  readonly qualifiedParent?: TPMT_PUBLIC;
  readonly creation?: boolean;
  readonly akPrivate?: KeyObject;
  readonly signer?: TPMT_PUBLIC;
  readonly context?: Uint8Array;
  readonly akContext?: Uint8Array;
  readonly types?: readonly [number, number];
  readonly akUsage?: string;
  readonly leaf?: Partial<Parameters<typeof issue>[1]>;
  readonly by?: HostCa;
}

const primary = (hierarchy: number, area: TPMT_PUBLIC): Uint8Array => qualifiedNameOf(handleName(hierarchy), TPM_ALG.SHA256, nameOf(area));

/** The chain of a host, honest but for what is forged. */
export async function chainOf(forged: Forgery = {}): Promise<{ leaf: Uint8Array; ak: Uint8Array; ek: Uint8Array; ca: HostCa }> {
  const { key = WRAPPING_KEY, parent = PARENT, ak = AK, creation = true, akPrivate = KEYS.ak, akUsage = OID.aikCertificate } = forged;
  const ca = await caOf();
  const by = forged.by ?? ca;
  const ekDer = await issue(by, {
    subject: [],
    alternativeName: [[OID.tpmManufacturer, 'id:00000000']],
    publicKey: createPublicKey(KEYS.ek),
    validity: VALIDITY,
    keyUsage: KEY_USAGE.keyEncipherment,
    extendedKeyUsage: OID.ekCertificate,
  });
  const context = forged.context ?? sha256(ekDer);
  const akDer = await issue(by, {
    subject: [[OID.commonName, 'attestation key']],
    publicKey: createPublicKey(KEYS.ak),
    validity: VALIDITY,
    keyUsage: KEY_USAGE.digitalSignature,
    extendedKeyUsage: akUsage,
    evidence: [[OID.akEvidence, await encodeAkEvidence({ key: ak, ekCertificate: forged.akContext ?? sha256(ekDer) })]],
  });
  const attested = (type: number, body: object) => {
    const common = {
      magic: TPM_GENERATED_VALUE,
      type,
      qualifiedSigner: primary(TPM_RH.ENDORSEMENT, forged.signer ?? ak),
      extraData: context,
      clockInfo: { clock: 1n, resetCount: 1, restartCount: 0, safe: 1 },
      firmwareVersion: 1n,
    };
    const bytes = encode(TPMS_ATTEST, { ...common, ...body } as unknown as TPMS_ATTEST);
    const sig = new Uint8Array(sign('sha256', bytes, akPrivate));
    return { bytes, signature: { sigAlg: TPM_ALG.RSASSA, hash: TPM_ALG.SHA256, sig } as const };
  };
  const certified = nameOf(forged.certifiedKey ?? key);
  const above = primary(TPM_RH.PLATFORM, forged.qualifiedParent ?? parent);
  const [first, second] = forged.types ?? [TPM_ST.ATTEST_CERTIFY, TPM_ST.ATTEST_CREATION];
  const certifyBody = { name: certified, qualifiedName: qualifiedNameOf(above, TPM_ALG.SHA256, certified) };
  const creationBody = { objectName: nameOf(forged.createdKey ?? key), creationHash: new Uint8Array(32) };
  const bodyOf = (type: number) => (type === TPM_ST.ATTEST_CERTIFY ? certifyBody : creationBody);
  const evidence = {
    key,
    parent,
    certify: attested(first, bodyOf(first)),
    creation: creation ? attested(second, bodyOf(second)) : null,
  };
  const leafDer = await issue(by, {
    subject: [[OID.commonName, 'wrapping key']],
    publicKey: createPublicKey(KEYS.wrapping),
    validity: VALIDITY,
    keyUsage: KEY_USAGE.keyEncipherment,
    evidence: [[OID.keyEvidence, await encodeKeyEvidence(evidence)]],
    ...forged.leaf,
  });
  return { leaf: leafDer, ak: akDer, ek: ekDer, ca };
}

export const read = (...ders: readonly Uint8Array[]) => readCertificates(Buffer.from(ders.map(certificatePem).join('')), 'chain.pem');

export async function check(forged: Forgery = {}, over: Partial<Parameters<typeof checkHostKey>[0]> = {}) {
  const { leaf, ak, ek, ca } = await chainOf(forged);
  return checkHostKey({ chain: await read(leaf, ak, ek), trusted: await read(ca.certificate), at: AT, ...over });
}
