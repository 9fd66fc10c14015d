export { checkHostKey } from './check.ts';
export { type Attestation, encodeAkEvidence, encodeKeyEvidence } from './evidence.ts';
export { type HostCa, issue, KEY_USAGE, makeHostCa, type Name, type Validity } from './issue.ts';
export { OID } from './oids.ts';
export { certificatePem, readCertificates } from './x509.ts';
