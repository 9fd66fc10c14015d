import { encode } from '../../../bytes/index.ts';
import { digest, kdfA, toInteger } from '../../../crypto/index.ts';
import { handleName } from '../../names.ts';
import { inHandle, inParameter, refuse } from '../../refusal.ts';
import { EMPTY } from '../../session-crypto.ts';
import { hashName, TPM_ALG, TPM_GENERATED_VALUE, TPM_RC, TPM_RH, TPM_ST, TPMS_ATTEST } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { proofOf } from '../hierarchies/hierarchy.ts';
import { keyAt } from '../keys/objects.ts';
import type { KeyObject } from '../state.ts';
import { clockInfo } from '../time.ts';
import { type Chosen, isSigner, type SignatureOrNone, type SigScheme, selectScheme, signOrNot } from './signing.ts';

// Part 1 §31, Part 4 Attest_spt.c: what the TPM says of itself, signed.

/** What differs from attestation to attestation. */
type Distributed<T> = T extends unknown ? Omit<T, 'magic' | 'qualifiedSigner' | 'extraData' | 'clockInfo' | 'firmwareVersion'> : never;
export type Attested = Distributed<TPMS_ATTEST>;

/** Who signs and how; no key when nobody is to sign (TPM_RH_NULL). */
export interface Signer {
  readonly key: KeyObject | null;
  readonly scheme: Chosen;
}

/** The signing key of a command's handles with its scheme. Refuses with KEY (handle) and SCHEME (parameter). */
export function signerOf(
  tpm: Core,
  handle: number,
  given: SigScheme,
  blame: { readonly handle: number; readonly inScheme: number },
): Signer {
  if (handle === TPM_RH.NULL) return { key: null, scheme: { scheme: TPM_ALG.NULL, hashAlg: TPM_ALG.NULL } };
  const key = keyAt(tpm, handle, inHandle(blame.handle, TPM_RC.KEY));
  if (!isSigner(key)) refuse(inHandle(blame.handle, TPM_RC.KEY));
  return { key, scheme: selectScheme(key, given) ?? refuse(inParameter(blame.inScheme, TPM_RC.SCHEME)) };
}

/**
 * Outside of the endorsement and platform hierarchies versions and counts would tell one TPM from another: they are shifted by
 * numbers that stay the same for one signer (Part 1 §31.7).
 */
function shift(tpm: Core, key: KeyObject | null, qualifiedSigner: Uint8Array): { version: bigint; resets: number; restarts: number } {
  if (key && (key.hierarchy === TPM_RH.ENDORSEMENT || key.hierarchy === TPM_RH.PLATFORM)) return { version: 0n, resets: 0, restarts: 0 };
  const bytes = kdfA('sha512', proofOf(tpm, TPM_RH.OWNER), 'OBFUSCATE', qualifiedSigner, EMPTY, 128);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { version: toInteger(bytes.subarray(0, 8)), resets: view.getUint32(8), restarts: view.getUint32(12) };
}

/** The attestation as bytes, and the signature over them. */
export function attest(
  tpm: Core,
  { key, scheme }: Signer,
  qualifyingData: Uint8Array,
  attested: Attested,
): { attestation: Uint8Array; signature: SignatureOrNone } {
  // An anonymous scheme tells nothing of the key; what the caller wants to see goes into what is signed, not into the attestation.
  const anonymous = scheme.scheme === TPM_ALG.ECDAA;
  const qualifiedSigner = anonymous ? EMPTY : (key?.qualifiedName ?? handleName(TPM_RH.NULL));
  const by = shift(tpm, key, qualifiedSigner);
  const { clock, resetCount, restartCount, safe } = clockInfo(tpm);
  const attestation = encode(TPMS_ATTEST, {
    ...attested,
    magic: TPM_GENERATED_VALUE,
    qualifiedSigner,
    ...(anonymous && attested.type === TPM_ST.ATTEST_CERTIFY ? { qualifiedName: EMPTY } : {}),
    extraData: anonymous ? EMPTY : qualifyingData,
    clockInfo: { clock, resetCount: (resetCount + by.resets) >>> 0, restartCount: (restartCount + by.restarts) >>> 0, safe },
    firmwareVersion: BigInt.asUintN(64, tpm.behaviour.firmwareVersion + by.version),
  });
  const plain = key ? digest(hashName(scheme.hashAlg), attestation) : EMPTY;
  const hashed = anonymous && qualifyingData.length > 0 ? digest(hashName(scheme.hashAlg), qualifyingData, plain) : plain;
  const signature = signOrNot(tpm, key, scheme, hashed);
  if (key) tpm.disorderly = true;
  return { attestation, signature };
}
