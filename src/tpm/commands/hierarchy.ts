import { command, user } from '../command.ts';
import { setHierarchyAuth } from '../model/hierarchies/hierarchy.ts';
import { withoutTrailingZeros } from '../session-crypto.ts';
import { TPM_CC, TPM2B_AUTH, TPMI_RH_HIERARCHY_AUTH } from '../wire/index.ts';

// Part 3 §24, less CreatePrimary, which stands with the other creating commands in object.ts.

export const TPM2_HierarchyChangeAuth = command({
  code: TPM_CC.HierarchyChangeAuth,
  name: 'TPM2_HierarchyChangeAuth',
  spec: 'Part 3 §24.8',
  handles: { authHandle: user(TPMI_RH_HIERARCHY_AUTH) },
  params: { newAuth: TPM2B_AUTH },
  returns: {},
  nv: true,
  // The longest value the type holds is one digest of SHA-512: no further limit.
  run(tpm, { authHandle, newAuth }) {
    setHierarchyAuth(tpm, authHandle, withoutTrailingZeros(newAuth));
    return {};
  },
});
