import { UINT16 } from '../../bytes/index.ts';
import { digest, fromInteger, toInteger } from '../../crypto/index.ts';
import { command, user } from '../command.ts';
import { combine, curveNumbers, eccMultiply, pointOf, wirePoint } from '../model/crypto/ecc-points.ts';
import { keyAt } from '../model/keys/objects.ts';
import { commit, nextNumber } from '../model/signing/commit.ts';
import { inHandle, inParameter, refuse } from '../refusal.ts';
import {
  curveOf,
  hashName,
  TPM_ALG,
  TPM_CC,
  TPM_RC,
  TPM2B_ECC_PARAMETER,
  TPM2B_ECC_POINT,
  TPM2B_SENSITIVE_DATA,
  TPMI_DH_OBJECT,
  TPMI_ECC_CURVE,
  type TPMS_ECC_POINT,
} from '../wire/index.ts';

// Part 3 §19: the first steps of what takes two: an anonymous signature, a key exchange.

const NOTHING: TPMS_ECC_POINT = { x: new Uint8Array(0), y: new Uint8Array(0) };

export const TPM2_Commit = command({
  code: TPM_CC.Commit,
  name: 'TPM2_Commit',
  spec: 'Part 3 §19.2',
  handles: { signHandle: user(TPMI_DH_OBJECT) },
  params: { P1: TPM2B_ECC_POINT, s2: TPM2B_SENSITIVE_DATA, y2: TPM2B_ECC_PARAMETER },
  returns: { K: TPM2B_ECC_POINT, L: TPM2B_ECC_POINT, E: TPM2B_ECC_POINT, counter: UINT16 },
  run(tpm, { signHandle, P1, s2, y2 }) {
    const { publicArea, sensitive, name } = keyAt(tpm, signHandle, inHandle(1, TPM_RC.KEY));
    if (publicArea.type !== TPM_ALG.ECC) return refuse(inHandle(1, TPM_RC.KEY));
    const { curveID, scheme } = publicArea.parameters;
    if (scheme.scheme !== TPM_ALG.ECDAA) refuse(inHandle(1, TPM_RC.SCHEME));
    if ((s2.length === 0) !== (y2.length === 0)) refuse(inParameter(3, TPM_RC.SIZE));
    const { bytes } = curveOf(curveID);
    const { p, g } = curveNumbers(curveID);
    const r = nextNumber(tpm, curveID, name);
    // x2 = H(s2) mod p; the caller has found a y2 to it.
    const p2 = s2.length === 0 ? null : { x: fromInteger(toInteger(digest(hashName(publicArea.nameAlg), s2)) % p, bytes), y: y2 };
    if (p2 && !pointOf(curveID, p2)) refuse(inParameter(2, TPM_RC.ECC_POINT));
    // A point of which both coordinates are empty is none.
    const p1 = P1.x.length + P1.y.length > 0 ? P1 : null;
    if (p1 && !pointOf(curveID, p1)) refuse(inParameter(1, TPM_RC.ECC_POINT));
    const times = (factor: bigint, point: TPMS_ECC_POINT) =>
      eccMultiply(curveID, fromInteger(factor, bytes), point) ?? refuse(TPM_RC.NO_RESULT);
    const ofG = () => wirePoint(curveID, combine(curveID, [r, g]) ?? refuse(TPM_RC.NO_RESULT));
    const K = p2 ? times(toInteger(sensitive?.sensitive ?? new Uint8Array(0)), p2) : NOTHING;
    const L = p2 ? times(r, p2) : NOTHING;
    const E = p1 ? times(r, p1) : p2 ? NOTHING : ofG();
    return { K, L, E, counter: commit(tpm) };
  },
});

export const TPM2_EC_Ephemeral = command({
  code: TPM_CC.EC_Ephemeral,
  name: 'TPM2_EC_Ephemeral',
  spec: 'Part 3 §19.3',
  handles: {},
  params: { curveID: TPMI_ECC_CURVE },
  returns: { Q: TPM2B_ECC_POINT, counter: UINT16 },
  run(tpm, { curveID }) {
    const q = combine(curveID, [nextNumber(tpm, curveID, new Uint8Array(0)), curveNumbers(curveID).g]);
    if (!q) throw new RangeError('a number below the order gave the point at infinity');
    return { Q: wirePoint(curveID, q), counter: commit(tpm) };
  },
});
