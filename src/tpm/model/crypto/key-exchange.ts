import { fromInteger, toInteger } from '../../../crypto/index.ts';
import { inParameter, refuse } from '../../refusal.ts';
import { curveOf, TPM_ALG, TPM_RC, type TPMS_ECC_POINT } from '../../wire/index.ts';
import { combine, curveNumbers, eccMultiply, mod, pointOf, wirePoint } from './ecc-points.ts';

// Part 1 C.6, SP 800-56A: key exchange with a static and an ephemeral key on each side.

const NOTHING: TPMS_ECC_POINT = { x: new Uint8Array(0), y: new Uint8Array(0) };

interface Parties {
  readonly curveID: number;
  /** Static and ephemeral private key of this side. */
  readonly staticA: Uint8Array;
  readonly ephemeralA: bigint;
  readonly staticB: TPMS_ECC_POINT;
  readonly ephemeralB: TPMS_ECC_POINT;
}

/** Both points for ECDH, one for ECMQV and SM2; SCHEME for what else might be asked. */
export function exchangeKeys(scheme: number, parties: Parties): { outZ1: TPMS_ECC_POINT; outZ2: TPMS_ECC_POINT } {
  const { curveID, staticA, ephemeralA, staticB, ephemeralB } = parties;
  switch (scheme) {
    case TPM_ALG.ECDH: {
      const outZ1 = eccMultiply(curveID, staticA, staticB);
      const outZ2 = eccMultiply(curveID, fromInteger(ephemeralA, curveOf(curveID).bytes), ephemeralB);
      return outZ1 && outZ2 ? { outZ1, outZ2 } : refuse(TPM_RC.NO_RESULT);
    }
    case TPM_ALG.ECMQV:
    case TPM_ALG.SM2:
      return { outZ1: implicit(parties, scheme === TPM_ALG.SM2), outZ2: NOTHING };
    default:
      return refuse(inParameter(3, TPM_RC.SCHEME));
  }
}

/** MQV (SP 800-56A §5.7.2.3), and SM2 that differs in which key is multiplied by the half of the ephemeral point. */
function implicit({ curveID, staticA, ephemeralA, staticB, ephemeralB }: Parties, sm2: boolean): TPMS_ECC_POINT {
  const { n, g } = curveNumbers(curveID);
  const bits = n.toString(2).length;
  // libtpms' ComputeWForSM2: half of the position of the order's highest bit, less one.
  const f = BigInt(sm2 ? Math.floor((bits - 1) / 2) - 1 : Math.ceil(bits / 2));
  const half = (x: bigint): bigint => (x & ((1n << f) - 1n)) | (1n << f);
  const own = combine(curveID, [ephemeralA, g]);
  const [qs, qe] = [pointOf(curveID, staticB), pointOf(curveID, ephemeralB)];
  if (!own || !qs || !qe) return refuse(TPM_RC.NO_RESULT);
  const d = toInteger(staticA);
  const t = sm2 ? mod(d + ephemeralA * half(own.x), n) : mod(ephemeralA + d * half(own.x), n);
  const sum = sm2 ? combine(curveID, [1n, qs], [half(qe.x), qe]) : combine(curveID, [1n, qe], [half(qe.x), qs]);
  const z = sum && combine(curveID, [t, sum]);
  return z ? wirePoint(curveID, z) : refuse(TPM_RC.NO_RESULT);
}
