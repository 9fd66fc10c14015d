import { concat } from '../../bytes/index.ts';
import { digest, toInteger } from '../../crypto/index.ts';
import { admin, command, user } from '../command.ts';
import { der, derInteger, sequence, TAG } from '../model/crypto/der.ts';
import { keyAt } from '../model/keys/objects.ts';
import { signerOf } from '../model/signing/attest.ts';
import { sign } from '../model/signing/signing.ts';
import { extensionsFault, readPartial, signatureAlgorithm, subjectPublicKey } from '../model/signing/x509.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import {
  hashName,
  isHash,
  TPM_CC,
  TPM_RC,
  TPM2B_DATA,
  TPM2B_DIGEST,
  TPM2B_MAX_BUFFER,
  TPMI_DH_OBJECT,
  TPMI_DH_OBJECT_NULL,
  TPMT_SIG_SCHEME,
  TPMT_SIGNATURE,
} from '../wire/index.ts';

// Part 3 §18.8.

const VERSION_3 = derInteger(2n);
/** libtpms' SIZE_OF_X509_SERIAL_NUMBER. */
const SERIAL_BYTES = 20;

export const TPM2_CertifyX509 = command({
  code: TPM_CC.CertifyX509,
  name: 'TPM2_CertifyX509',
  spec: 'Part 3 §18.8',
  handles: { objectHandle: admin(TPMI_DH_OBJECT), signHandle: user(TPMI_DH_OBJECT_NULL) },
  params: { reserved: TPM2B_DATA, inScheme: TPMT_SIG_SCHEME, partialCertificate: TPM2B_MAX_BUFFER },
  returns: { addedToCertificate: TPM2B_MAX_BUFFER, tbsDigest: TPM2B_DIGEST, signature: TPMT_SIGNATURE },
  run(tpm, { objectHandle, signHandle, reserved, inScheme, partialCertificate }) {
    if (reserved.length > 0) refuse(inParameter(1, TPM_RC.SIZE));
    // libtpms numbers the two handles the other way round.
    const [SIGNER, OBJECT] = [1, 2];
    const object = keyAt(tpm, objectHandle, inHandle(OBJECT, TPM_RC.ASYMMETRIC));
    const { key: signKey, scheme } = signerOf(tpm, signHandle, inScheme, { handle: SIGNER, inScheme: 2 });
    const subjectKey = subjectPublicKey(object.publicArea) ?? refuse(inHandle(OBJECT, TPM_RC.ASYMMETRIC));
    const partial = readPartial(partialCertificate);
    if (typeof partial === 'number') return refuse(inParameter(3, partial));
    // Without a key libtpms reads through a null pointer from here on.
    if (!signKey) return refuse(inHandle(SIGNER, TPM_RC.KEY));
    const algorithm = partial.signature ?? signatureAlgorithm(signKey.publicArea, scheme) ?? refuse(inHandle(SIGNER, TPM_RC.SCHEME));
    const fault = extensionsFault(partial.extensions, object.publicArea.objectAttributes);
    if (fault !== null) refuse(fault === TPM_RC.ATTRIBUTES ? inHandle(OBJECT, fault) : inParameter(3, fault));
    if (!isHash(scheme.hashAlg)) refuse(TPM_RC.SCHEME);

    const body = [algorithm, ...partial.issuerToSubject, subjectKey, partial.extensions];
    const hashed = digest(hashName(signKey.publicArea.nameAlg), ...body, signKey.name, object.name);
    const serial = derInteger(toInteger(hashed.subarray(0, SERIAL_BYTES)));
    const version = der(TAG.CONTEXT, VERSION_3);
    const tbsDigest = digest(hashName(scheme.hashAlg), sequence(version, serial, ...body));
    const added = [version, serial, ...(partial.signature ? [] : [algorithm]), subjectKey];
    return { addedToCertificate: sequence(concat(...added)), tbsDigest, signature: sign(tpm, signKey, scheme, tbsDigest) };
  },
});
