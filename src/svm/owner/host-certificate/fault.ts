import { SimulatorError } from '../../../sim/index.ts';

/** Why a host's key is not trusted. Each has a message of its own. */
export type CertFault =
  | 'malformed' // no PEM, no certificate, no TPM structure where one belongs
  | 'incomplete' // a certificate of the chain is missing
  | 'no-ca' // there is no certificate to trust
  | 'not-a-ca' // the trusted certificate may not issue others
  | 'wrong-ca' // issued by somebody else
  | 'signature' // altered, or signed with another key
  | 'not-yet-valid'
  | 'expired'
  | 'extension' // a critical extension that nobody here understands
  | 'usage' // a certificate that was issued for something else
  | 'other-key' // about another key than the one to authorize
  | 'attestation' // what the TPM signed is not what it should be, or not signed by the attestation key
  | 'other-tpm' // its parts are of different TPMs
  | 'attributes' // the key may be used or moved in ways that a wrapping key may not
  | 'imported'; // the TPM does not say that it made the key

const HINTS: Readonly<Partial<Record<CertFault, string>>> = {
  malformed: 'Export the chain again: svm-sim host export.',
  incomplete: 'Give the whole chain: wrapping key, attestation key and endorsement key.',
  'no-ca':
    'Give --ca FILE: the certificate of the host CA, had by another way than the chain. Whoever made the chain could put any CA into it.',
  'wrong-ca': 'Is --ca that of the people who run this host?',
  expired: 'Have the host exported again.',
  imported:
    'A key that was imported is known outside of the TPM. Export the certificate at the first boot of the host, when the TPM makes the key.',
};

/** @param where certificate and field, by the name of the file that the person gave. */
export const refused = (fault: CertFault, where: string, what: string, cause?: unknown): SimulatorError => {
  const hint = HINTS[fault];
  return new SimulatorError(`cert.${fault}`, { where, what, ...(hint ? { hint } : {}), ...(cause ? { cause } : {}) });
};
