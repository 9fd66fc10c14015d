import { type Codec, DecodeError, decode, encode, type Value } from '../../../bytes/index.ts';
import { TPMS_ATTEST, TPMT_PUBLIC, TPMT_SIGNATURE } from '../../../tpm/wire/index.ts';
import { refused } from './fault.ts';

/** What the TPM says of the wrapping key. The bytes are kept as they came: signatures are over them. */
export interface KeyEvidence {
  readonly key: TPMT_PUBLIC;
  /** The key under which it lies. */
  readonly parent: TPMT_PUBLIC;
  /** TPM2_Certify: the key is loaded in this TPM, under this parent. */
  readonly certify: Attestation;
  /** TPM2_CertifyCreation: the TPM made it. Only who has the ticket of TPM2_Create can have it. */
  readonly creation: Attestation | null;
}

export interface Attestation {
  readonly bytes: Uint8Array;
  readonly signature: Value<typeof TPMT_SIGNATURE>;
}

/** What the host CA certifies with an attestation key. */
export interface AkEvidence {
  readonly key: TPMT_PUBLIC;
  /** SHA-256 of the endorsement key's certificate, whose TPM activated the credential. */
  readonly ekCertificate: Uint8Array;
}

/**
 * HostKeyEvidence ::= SEQUENCE { key, parent, certifyInfo, certifySignature, creationInfo, creationSignature: OCTET STRING }
 * with the TPM's own structures inside; the last two may be missing.
 */
export const encodeKeyEvidence = ({ key, parent, certify, creation }: KeyEvidence): Promise<Uint8Array> =>
  octetStrings([encode(TPMT_PUBLIC, key), encode(TPMT_PUBLIC, parent), ...both(certify), ...(creation ? both(creation) : [])]);

const both = ({ bytes, signature }: Attestation): Uint8Array[] => [bytes, encode(TPMT_SIGNATURE, signature)];

/** AkEvidence ::= SEQUENCE { key, ekCertificate: OCTET STRING } */
export const encodeAkEvidence = ({ key, ekCertificate }: AkEvidence): Promise<Uint8Array> =>
  octetStrings([encode(TPMT_PUBLIC, key), ekCertificate]);

/** @throws {SimulatorError} `cert.malformed`, naming structure, field and byte. */
export async function decodeKeyEvidence(bytes: Uint8Array, where: string): Promise<KeyEvidence> {
  const parts = await readOctetStrings(bytes, where);
  const [key, parent, info, signature, creationInfo, creationSignature] = parts;
  if (!key || !parent || !info || !signature || parts.length > 6 || (creationInfo && !creationSignature))
    throw refused('malformed', where, `the evidence of the key has ${parts.length} parts; it has 4, or 6 with the proof of its making`);
  const attestation = (name: string, bytes: Uint8Array, signed: Uint8Array): Attestation => {
    structure(TPMS_ATTEST, bytes, `${where}: ${name}`);
    return { bytes, signature: structure(TPMT_SIGNATURE, signed, `${where}: signature of ${name}`) };
  };
  return {
    key: structure(TPMT_PUBLIC, key, `${where}: public area of the key`),
    parent: structure(TPMT_PUBLIC, parent, `${where}: public area of its parent`),
    certify: attestation('TPM2_Certify', info, signature),
    creation: creationInfo && creationSignature ? attestation('TPM2_CertifyCreation', creationInfo, creationSignature) : null,
  };
}

export async function decodeAkEvidence(bytes: Uint8Array, where: string): Promise<AkEvidence> {
  const parts = await readOctetStrings(bytes, where);
  const [key, ekCertificate] = parts;
  if (!key || !ekCertificate || parts.length > 2)
    throw refused('malformed', where, `the evidence of the attestation key has ${parts.length} parts, not 2`);
  return { key: structure(TPMT_PUBLIC, key, `${where}: public area of the attestation key`), ekCertificate };
}

function structure<T>(codec: Codec<T>, bytes: Uint8Array, where: string): T {
  try {
    return decode(codec, bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw refused('malformed', where, `no ${codec.name}: ${error.message}`, error);
  }
}

async function octetStrings(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const { OctetString, Sequence } = await import('asn1js');
  return new Uint8Array(new Sequence({ value: parts.map(part => new OctetString({ valueHex: part.slice() })) }).toBER());
}

async function readOctetStrings(bytes: Uint8Array, where: string): Promise<readonly Uint8Array[]> {
  const { fromBER, OctetString, Sequence } = await import('asn1js');
  const { offset, result } = fromBER(new Uint8Array(bytes));
  const parts = offset === bytes.length && result instanceof Sequence ? result.valueBlock.value : [];
  const strings = parts.filter(part => part instanceof OctetString);
  if (strings.length === 0 || strings.length !== parts.length)
    throw refused('malformed', where, 'the evidence is no SEQUENCE of OCTET STRING');
  return strings.map(string => string.valueBlock.valueHexView.slice());
}
