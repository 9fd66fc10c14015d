import { fromInteger } from '../../crypto/index.ts';
import { command, plain, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { curveNumbers, eccMultiply } from '../model/ecc-points.ts';
import { eccPrivateKey, eccPublicPoint } from '../model/key-crypto.ts';
import { keyAt } from '../model/objects.ts';
import type { KeyObject } from '../model/state.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import {
  curveOf,
  type EccPublic,
  has,
  TPM_ALG,
  TPM_CC,
  TPM_ECC,
  TPM_RC,
  TPM2B_ECC_POINT,
  TPMA_OBJECT,
  TPMI_DH_OBJECT,
  TPMI_ECC_CURVE,
  TPMS_ALGORITHM_DETAIL_ECC,
} from '../wire/index.ts';

// Part 3 §14: key agreement on curves.

const A = TPMA_OBJECT.bit;

function eccKeyAt(tpm: Core, handle: number): { key: KeyObject; publicArea: EccPublic } {
  const key = keyAt(tpm, handle, inHandle(1, TPM_RC.KEY));
  return key.publicArea.type === TPM_ALG.ECC ? { key, publicArea: key.publicArea } : refuse(inHandle(1, TPM_RC.KEY));
}

export const TPM2_ECDH_KeyGen = command({
  code: TPM_CC.ECDH_KeyGen,
  name: 'TPM2_ECDH_KeyGen',
  spec: 'Part 3 §14.4',
  handles: { keyHandle: plain(TPMI_DH_OBJECT) },
  params: {},
  returns: { zPoint: TPM2B_ECC_POINT, pubPoint: TPM2B_ECC_POINT },
  run(tpm, { keyHandle }) {
    const {
      parameters: { curveID },
      unique,
    } = eccKeyAt(tpm, keyHandle).publicArea;
    const d = eccPrivateKey(curveID, tpm.bytes);
    const zPoint = eccMultiply(curveID, d, unique) ?? refuse(inHandle(1, TPM_RC.KEY));
    const pubPoint = eccPublicPoint(curveID, d);
    if (!pubPoint) throw new RangeError('a private key out of range was made');
    return { zPoint, pubPoint };
  },
});

export const TPM2_ECDH_ZGen = command({
  code: TPM_CC.ECDH_ZGen,
  name: 'TPM2_ECDH_ZGen',
  spec: 'Part 3 §14.5',
  handles: { keyHandle: user(TPMI_DH_OBJECT) },
  params: { inPoint: TPM2B_ECC_POINT },
  returns: { outPoint: TPM2B_ECC_POINT },
  run(tpm, { keyHandle, inPoint }) {
    const {
      key,
      publicArea: { objectAttributes, parameters },
    } = eccKeyAt(tpm, keyHandle);
    if (has(objectAttributes, A.restricted) || !has(objectAttributes, A.decrypt)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    const { scheme } = parameters.scheme;
    if (scheme !== TPM_ALG.ECDH && scheme !== TPM_ALG.NULL) refuse(inHandle(1, TPM_RC.SCHEME));
    if (!key.sensitive) throw new RangeError('authorized, but without its sensitive area');
    return { outPoint: eccMultiply(parameters.curveID, key.sensitive.sensitive, inPoint) ?? refuse(inParameter(1, TPM_RC.ECC_POINT)) };
  },
});

/** The hash of the key derivation that a curve comes with (TCG Algorithm Registry §6). */
const HASH_OF_CURVE: Readonly<Record<number, typeof TPM_ALG.SHA256 | typeof TPM_ALG.SHA384 | typeof TPM_ALG.SHA512>> = {
  [TPM_ECC.NIST_P384]: TPM_ALG.SHA384,
  [TPM_ECC.NIST_P521]: TPM_ALG.SHA512,
};

export const TPM2_ECC_Parameters = command({
  code: TPM_CC.ECC_Parameters,
  name: 'TPM2_ECC_Parameters',
  spec: 'Part 3 §14.6',
  handles: {},
  params: { curveID: TPMI_ECC_CURVE },
  returns: { parameters: TPMS_ALGORITHM_DETAIL_ECC },
  run(_tpm, { curveID }) {
    const { keyBits, bytes } = curveOf(curveID);
    const { p, a, b, g, n } = curveNumbers(curveID);
    const number = (value: bigint) => fromInteger(value, bytes);
    return {
      parameters: {
        curveID,
        keySize: keyBits,
        kdf: { scheme: TPM_ALG.KDF1_SP800_56A, hashAlg: HASH_OF_CURVE[curveID] ?? TPM_ALG.SHA256 },
        sign: { scheme: TPM_ALG.NULL },
        p: number(p),
        a: number(a),
        b: number(b),
        gX: number(g.x),
        gY: number(g.y),
        n: number(n),
        h: Uint8Array.of(1),
      },
    };
  },
});
