import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

import { refused } from './fault.ts';

/** A certificate as the checks see it. */
export interface Certificate {
  /** File, and which of its certificates. */
  readonly where: string;
  readonly der: Uint8Array;
  /** In words; empty for an endorsement key, which is named by its subjectAltName. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly isCa: boolean;
  readonly extendedKeyUsages: readonly string[];
  /** Contents of the extensions by object identifier. */
  readonly extensions: ReadonlyMap<string, { readonly critical: boolean; readonly value: Uint8Array }>;
  readonly signatureAlgorithm: string;
  signedBy(issuer: KeyObject): boolean;
  /** Whether the names of subject and issuer are the same, byte for byte. */
  namedAsIssuer(issuer: Certificate): boolean;
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

/**
 * All certificates of a PEM file, in their order.
 * @throws {SimulatorError} `cert.malformed` with the number of the certificate and the byte at which its block begins.
 */
export async function readCertificates(file: Uint8Array, where: string): Promise<readonly Certificate[]> {
  const text = Buffer.from(file).toString('latin1');
  const blocks = [...text.matchAll(PEM_BLOCK)].filter(([, label]) => label === 'CERTIFICATE' || label === 'TRUSTED CERTIFICATE');
  if (blocks.length === 0) throw refused('malformed', where, 'there is no PEM block "CERTIFICATE" in this file');
  const certificates: Certificate[] = [];
  for (const [i, { 2: body = '', index }] of blocks.entries()) {
    const place = `${where}: certificate ${i + 1} at byte ${index}`;
    certificates.push(await readCertificate(new Uint8Array(Buffer.from(body, 'base64')), place));
  }
  return certificates;
}

async function readCertificate(der: Uint8Array, where: string): Promise<Certificate> {
  const { Certificate: Parsed } = await import('pkijs');
  try {
    const parsed = Parsed.fromBER(new Uint8Array(der));
    const { subject, issuer, ca, publicKey } = new X509Certificate(der);
    const extensions = (parsed.extensions ?? []).map(
      ({ extnID, critical, extnValue }) => [extnID, { critical, value: extnValue.valueBlock.valueHexView.slice() }] as const,
    );
    const usages = parsed.extensions?.find(({ extnID }) => extnID === '2.5.29.37')?.parsedValue as { keyPurposes?: string[] } | undefined;
    const [own, theirs] = [parsed.subject, parsed.issuer].map(name => Buffer.from(name.toSchema().toBER()).toString('hex'));
    const certificate: Certificate & { readonly names: readonly (string | undefined)[] } = {
      where,
      der,
      subject: subject?.replaceAll('\n', ', ') ?? '',
      issuer: issuer?.replaceAll('\n', ', ') ?? '',
      notBefore: parsed.notBefore.value,
      notAfter: parsed.notAfter.value,
      publicKey: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
      isCa: ca,
      extendedKeyUsages: usages?.keyPurposes ?? [],
      extensions: new Map(extensions),
      signatureAlgorithm: parsed.signatureAlgorithm.algorithmId,
      signedBy: key => new X509Certificate(der).verify(key),
      namedAsIssuer: other => theirs === (other as typeof certificate).names[0],
      names: [own, theirs],
    };
    if (extensions.length !== certificate.extensions.size) throw new Error('an extension stands twice');
    return certificate;
  } catch (error) {
    // pkijs, asn1js and OpenSSL each throw their own plain errors at bytes that are none.
    if (!(error instanceof Error)) throw error;
    throw refused('malformed', where, 'this is no X.509 certificate', error);
  }
}

/** PEM text of DER bytes. */
export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
