import { blaming, refuse } from '../../refusal.ts';
import { digestBytes, TPM_ALG, TPM_RC, type TPMT_PUBLIC, type TPMT_SENSITIVE } from '../../wire/index.ts';
import type { KeyObject } from '../state.ts';
import { checkKeys } from './key-checks.ts';
import { checkAttributes, checkSchemes } from './object-checks.ts';

type Blame = (rc: number) => number;

/** The checks of loading (Part 4 ObjectLoad): public area, then both parts together. An external object has no parent to fit to. */
export function loadAreas(
  parent: KeyObject | null,
  publicArea: TPMT_PUBLIC,
  sensitive: TPMT_SENSITIVE | null,
  blamePublic: Blame,
  blameSensitive: Blame,
): void {
  blaming(blamePublic, () => {
    const named = publicArea.nameAlg !== TPM_ALG.NULL;
    if (named && sensitive) {
      if (sensitive.seedValue.length > digestBytes(publicArea.nameAlg)) refuse(blameSensitive(TPM_RC.KEY_SIZE));
      checkAttributes(parent, publicArea);
    } else checkSchemes(null, publicArea);
  });
  checkKeys(publicArea, sensitive, blamePublic, blameSensitive);
}
