import { createHash, type KeyObject, sign } from 'node:crypto';
import type { Extension as AnyExtension, RelativeDistinguishedNames } from 'pkijs';
import { generateRsa } from '../../../crypto/index.ts';
import { privateKeyOf } from '../../format/index.ts';
import type { Chance } from '../chance.ts';
import { OID } from './oids.ts';

/** Attributes of a name, in order: object identifier and text. */
export type Name = readonly (readonly [type: string, value: string])[];

/** Who issues certificates for hosts. */
export interface HostCa {
  readonly name: Name;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly certificate: Uint8Array;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface CertificateRequest {
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  /** Bits of keyUsage (RFC 5280 §4.2.1.3), the first is digitalSignature. */
  readonly keyUsage: number;
  readonly ca?: boolean;
  readonly extendedKeyUsage?: string;
  /** A directoryName, for who has no subject. */
  readonly alternativeName?: Name;
  /** Extensions of our own: contents by object identifier, none critical, so that others can verify the chain. */
  readonly evidence?: readonly (readonly [oid: string, value: Uint8Array])[];
}

/** First bit first, as RFC 5280 counts. */
export const KEY_USAGE = { digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04, cRLSign: 0x02 } as const;

const CA_NAME: Name = [[OID.commonName, 'svm-sim host CA (a simulation)']];

/** A host CA with a key of its own: the same chance, the same bytes. */
export async function makeHostCa(chance: Chance, validity: Validity): Promise<HostCa> {
  const { key: publicKey, privateKey } = privateKeyOf(generateRsa(2048, 65537, count => chance.bytes(count)));
  const keyUsage = KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign;
  const signer = { name: CA_NAME, publicKey, privateKey };
  return { ...signer, certificate: await issue(signer, { subject: CA_NAME, publicKey, validity, keyUsage, ca: true }) };
}

/** DER of a certificate (RFC 5280), signed with sha256WithRSAEncryption. Serial numbers follow from the contents. */
export async function issue(by: Omit<HostCa, 'certificate'>, request: CertificateRequest): Promise<Uint8Array> {
  const pkijs = await import('pkijs');
  const { BitString, Integer, Null } = await import('asn1js');
  const algorithm = () => new pkijs.AlgorithmIdentifier({ algorithmId: OID.sha256WithRSAEncryption, algorithmParams: new Null() });
  const spki = spkiDer(request.publicKey);
  const { notBefore, notAfter } = request.validity;
  const certificate = new pkijs.Certificate();
  certificate.version = 2; // v3
  certificate.signature = algorithm();
  certificate.signatureAlgorithm = algorithm();
  certificate.issuer = await nameOf(by.name);
  certificate.subject = await nameOf(request.subject);
  certificate.notBefore = new pkijs.Time({ type: timeType(notBefore), value: notBefore });
  certificate.notAfter = new pkijs.Time({ type: timeType(notAfter), value: notAfter });
  certificate.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(spki);
  certificate.extensions = await extensionsOf(by.publicKey, request);
  certificate.serialNumber = new Integer({ valueHex: Uint8Array.of(0) });
  const serial = createHash('sha256').update(new Uint8Array(certificate.encodeTBS().toBER())).digest().subarray(0, 16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive, and always as long
  certificate.serialNumber = new Integer({ valueHex: new Uint8Array(serial) });
  const tbs = new Uint8Array(certificate.encodeTBS().toBER());
  certificate.tbsView = tbs;
  certificate.signatureValue = new BitString({ valueHex: new Uint8Array(sign('sha256', tbs, by.privateKey)) });
  return new Uint8Array(certificate.toSchema().toBER());
}

async function extensionsOf(issuer: KeyObject, request: CertificateRequest): Promise<AnyExtension[]> {
  const pkijs = await import('pkijs');
  const { BitString, OctetString } = await import('asn1js');
  const { ca = false, extendedKeyUsage, alternativeName, evidence = [] } = request;
  const add = (extnID: string, critical: boolean, value: Uint8Array) =>
    new pkijs.Extension({ extnID, critical, extnValue: value.slice().buffer });
  const der = (block: { toBER(): ArrayBuffer }): Uint8Array => new Uint8Array(block.toBER());
  const authority = new pkijs.AuthorityKeyIdentifier({ keyIdentifier: new OctetString({ valueHex: keyId(issuer) }) });
  return [
    add(OID.basicConstraints, true, der(new pkijs.BasicConstraints({ cA: ca, ...(ca ? { pathLenConstraint: 0 } : {}) }).toSchema())),
    add(OID.keyUsage, true, der(new BitString({ valueHex: Uint8Array.of(request.keyUsage), unusedBits: trailingZeros(request.keyUsage) }))),
    ...(extendedKeyUsage === undefined
      ? []
      : [add(OID.extKeyUsage, false, der(new pkijs.ExtKeyUsage({ keyPurposes: [extendedKeyUsage] }).toSchema()))]),
    ...(alternativeName === undefined
      ? []
      : // RFC 5280 §4.2.1.6: critical when there is no subject.
        [
          add(
            OID.subjectAltName,
            request.subject.length === 0,
            der(new pkijs.GeneralNames({ names: [new pkijs.GeneralName({ type: 4, value: await nameOf(alternativeName) })] }).toSchema()),
          ),
        ]),
    add(OID.subjectKeyIdentifier, false, der(new OctetString({ valueHex: keyId(request.publicKey) }))),
    add(OID.authorityKeyIdentifier, false, der(authority.toSchema())),
    ...evidence.map(([oid, value]) => add(oid, false, value)),
  ];
}

async function nameOf(name: Name): Promise<RelativeDistinguishedNames> {
  const { AttributeTypeAndValue, RelativeDistinguishedNames: Names } = await import('pkijs');
  const { Utf8String } = await import('asn1js');
  return new Names({ typesAndValues: name.map(([type, value]) => new AttributeTypeAndValue({ type, value: new Utf8String({ value }) })) });
}

export const spkiDer = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ type: 'spki', format: 'der' }));

/** RFC 7093 §2 method 1 in place of the SHA-1 of RFC 5280: the left 160 bits of SHA-256, here of the whole SPKI. */
const keyId = (key: KeyObject): Uint8Array => new Uint8Array(createHash('sha256').update(spkiDer(key)).digest().subarray(0, 20));

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. */
const timeType = (time: Date): 0 | 1 => (time.getUTCFullYear() < 2050 ? 0 : 1);

function trailingZeros(byte: number): number {
  let count = 0;
  while (count < 7 && !(byte & (1 << count))) count++;
  return count;
}
