import { encode, type Value } from '../../../bytes/index.ts';
import { digest } from '../../../crypto/index.ts';
import { handleName } from '../../names.ts';
import {
  hashName,
  TPM_ALG,
  TPM_ST,
  TPM2B_DATA,
  TPM2B_PUBLIC,
  TPM2B_SENSITIVE_CREATE,
  TPML_PCR_SELECTION,
  TPMS_CREATION_DATA,
} from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { effectiveSelection, pcrDigest } from '../pcr/pcr.ts';
import { makeTicket, type Ticket } from '../signing/tickets.ts';
import type { KeyObject } from '../state.ts';

type Selection = Value<typeof TPML_PCR_SELECTION>;
export interface Creation {
  readonly creationData: Value<typeof TPMS_CREATION_DATA>;
  readonly creationHash: Uint8Array;
  readonly creationTicket: Ticket<typeof TPM_ST.CREATION>;
}

/** Part 1 §27.8: under which circumstances an object was made, and the TPM's word for it. */
export function creationOf(
  tpm: Core,
  parent: KeyObject | number,
  nameAlg: number,
  name: Uint8Array,
  { creationPCR, outsideInfo, locality }: { creationPCR: Selection; outsideInfo: Uint8Array; locality: number },
): Creation {
  const top = typeof parent === 'number';
  const creationData = {
    pcrSelect: effectiveSelection(tpm, creationPCR),
    pcrDigest: pcrDigest(tpm, nameAlg, creationPCR),
    locality: locality < 5 ? 1 << locality : locality,
    // Hierarchies have no name algorithm; their Name is the handle.
    parentNameAlg: top ? TPM_ALG.NULL : parent.publicArea.nameAlg,
    parentName: top ? handleName(parent) : parent.name,
    parentQualifiedName: top ? handleName(parent) : parent.qualifiedName,
    outsideInfo,
  };
  const creationHash = digest(hashName(nameAlg), encode(TPMS_CREATION_DATA, creationData));
  const hierarchy = top ? parent : parent.hierarchy;
  return { creationData, creationHash, creationTicket: makeTicket(tpm, TPM_ST.CREATION, hierarchy, name, creationHash) };
}

/** Parameters of the commands that create (Part 3 §12.1 and §24.1). */
export const CREATION_PARAMETERS = {
  inSensitive: TPM2B_SENSITIVE_CREATE,
  inPublic: TPM2B_PUBLIC,
  outsideInfo: TPM2B_DATA,
  creationPCR: TPML_PCR_SELECTION,
};
