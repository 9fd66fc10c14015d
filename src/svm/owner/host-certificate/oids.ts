/** Object identifiers of certificates, and of what is peculiar to a TPM's. */
export const OID = {
  commonName: '2.5.4.3',
  rsaEncryption: '1.2.840.113549.1.1.1',
  sha256WithRSAEncryption: '1.2.840.113549.1.1.11',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  /** TCG EK Credential Profile for TPM Family 2.0 §3.1.2, §3.2. */
  tpmManufacturer: '2.23.133.2.1',
  tpmModel: '2.23.133.2.2',
  tpmVersion: '2.23.133.2.3',
  ekCertificate: '2.23.133.8.1',
  aikCertificate: '2.23.133.8.3',
  // What the TPM said, under the enterprise number for examples (RFC 5612): a simulator has no claim to one of its own. Real ones would
  // take 2.23.133.20.1, Tcg-csr-tpm-certify of draft-ietf-lamps-csr-attestation.
  keyEvidence: '1.3.6.1.4.1.32473.6.1',
  akEvidence: '1.3.6.1.4.1.32473.6.2',
} as const;
