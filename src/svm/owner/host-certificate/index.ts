export { type CheckedHostKey, checkHostKey } from './check.ts';
export { type AkEvidence, type Attestation, encodeAkEvidence, encodeKeyEvidence, type KeyEvidence } from './evidence.ts';
export { type HostCa, issue, KEY_USAGE, makeHostCa, type Name, type Validity } from './issue.ts';
export { OID } from './oids.ts';
export { certificatePem, readCertificates } from './x509.ts';
