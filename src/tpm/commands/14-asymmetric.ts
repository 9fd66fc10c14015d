import { UINT16 } from '../../bytes/index.ts';
import { fromInteger } from '../../crypto/index.ts';
import { command, plain, user } from '../command.ts';
import type { Core } from '../model/core.ts';
import { curveNumbers, eccMultiply, pointOf } from '../model/crypto/ecc-points.ts';
import { eccPrivateKey, eccPublicPoint } from '../model/crypto/key-crypto.ts';
import { exchangeKeys } from '../model/crypto/key-exchange.ts';
import { keyAt } from '../model/keys/objects.ts';
import { committedNumber, endCommit } from '../model/signing/commit.ts';
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
  TPMI_ECC_KEY_EXCHANGE,
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

export const TPM2_ZGen_2Phase = command({
  code: TPM_CC.ZGen_2Phase,
  name: 'TPM2_ZGen_2Phase',
  spec: 'Part 3 §14.7',
  handles: { keyA: user(TPMI_DH_OBJECT) },
  params: { inQsB: TPM2B_ECC_POINT, inQeB: TPM2B_ECC_POINT, inScheme: TPMI_ECC_KEY_EXCHANGE, counter: UINT16 },
  returns: { outZ1: TPM2B_ECC_POINT, outZ2: TPM2B_ECC_POINT },
  run(tpm, { keyA, inQsB, inQeB, inScheme, counter }) {
    const {
      key,
      publicArea: { objectAttributes, parameters },
    } = eccKeyAt(tpm, keyA);
    if (has(objectAttributes, A.restricted) || !has(objectAttributes, A.decrypt)) refuse(inHandle(1, TPM_RC.ATTRIBUTES));
    const own: number = parameters.scheme.scheme;
    if (own !== TPM_ALG.NULL && own !== inScheme) refuse(inParameter(3, TPM_RC.SCHEME));
    const { curveID } = parameters;
    if (!pointOf(curveID, inQsB)) refuse(inParameter(1, TPM_RC.ECC_POINT));
    if (!pointOf(curveID, inQeB)) refuse(inParameter(2, TPM_RC.ECC_POINT));
    const ephemeralA = committedNumber(tpm, counter, curveID, new Uint8Array(0)) ?? refuse(inParameter(4, TPM_RC.VALUE));
    if (!key.sensitive) throw new RangeError('authorized, but without its sensitive area');
    const parties = { curveID, staticA: key.sensitive.sensitive, ephemeralA, staticB: inQsB, ephemeralB: inQeB };
    const points = exchangeKeys(inScheme, parties);
    endCommit(tpm, counter);
    return points;
  },
});

/** The key derivation that a curve comes with (TCG Algorithm Registry §6); the BN curves come with none. */
function kdfOf(curveID: number) {
  const hashes: Readonly<Record<number, number>> = {
    [TPM_ECC.NIST_P384]: TPM_ALG.SHA384,
    [TPM_ECC.NIST_P521]: TPM_ALG.SHA512,
    [TPM_ECC.SM2_P256]: TPM_ALG.SM3_256, // though this TPM has no such hash
  };
  if (curveID === TPM_ECC.BN_P256 || curveID === TPM_ECC.BN_P638) return { scheme: TPM_ALG.NULL } as const;
  return { scheme: TPM_ALG.KDF1_SP800_56A, hashAlg: hashes[curveID] ?? TPM_ALG.SHA256 } as const;
}

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
    // libtpms writes the zero of the BN curves as one byte, all else in full length.
    const number = (value: bigint) => fromInteger(value, value === 0n ? 1 : bytes);
    return {
      parameters: {
        curveID,
        keySize: keyBits,
        kdf: kdfOf(curveID),
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
