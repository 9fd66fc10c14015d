import { UINT32 } from '../../bytes/index.ts';
import { command, user } from '../command.ts';
import { TPM_CC, TPMI_RH_PLATFORM, TPML_CC } from '../wire/index.ts';

// Part 3 §26.

/** Commands of which the platform may demand that somebody presses the button, as libtpms has them; only PP_Commands always does. */
const BUTTON_COMMANDS: ReadonlySet<number> = new Set([
  TPM_CC.NV_UndefineSpaceSpecial,
  TPM_CC.EvictControl,
  TPM_CC.HierarchyControl,
  TPM_CC.NV_UndefineSpace,
  TPM_CC.ChangeEPS,
  TPM_CC.ChangePPS,
  TPM_CC.Clear,
  TPM_CC.ClearControl,
  TPM_CC.ClockSet,
  TPM_CC.HierarchyChangeAuth,
  TPM_CC.NV_DefineSpace,
  TPM_CC.PCR_Allocate,
  TPM_CC.PCR_SetAuthPolicy,
  TPM_CC.SetPrimaryPolicy,
  TPM_CC.ClockRateAdjust,
  TPM_CC.CreatePrimary,
  TPM_CC.NV_GlobalWriteLock,
  TPM_CC.SetCommandCodeAuditStatus,
  TPM_CC.CreateLoaded,
]);

export const TPM2_PP_Commands = command({
  code: TPM_CC.PP_Commands,
  name: 'TPM2_PP_Commands',
  spec: 'Part 3 §26.2',
  handles: { auth: user(TPMI_RH_PLATFORM) },
  params: { setList: TPML_CC, clearList: TPML_CC },
  returns: {},
  nv: true,
  // Codes that cannot be on the list are passed over.
  run(tpm, { setList, clearList }) {
    const { physicalPresenceCommands: list } = tpm.state.permanent;
    for (const code of setList) if (BUTTON_COMMANDS.has(code) && tpm.commands.has(code)) list.add(code);
    for (const code of clearList) if (code !== TPM_CC.PP_Commands) list.delete(code);
    return {};
  },
});

export const TPM2_SetAlgorithmSet = command({
  code: TPM_CC.SetAlgorithmSet,
  name: 'TPM2_SetAlgorithmSet',
  spec: 'Part 3 §26.3',
  handles: { authHandle: user(TPMI_RH_PLATFORM) },
  params: { algorithmSet: UINT32 },
  returns: {},
  nv: true,
  // The number is kept and told; there is only one set.
  run(tpm, { algorithmSet }) {
    tpm.state.permanent.algorithmSet = algorithmSet;
    return {};
  },
});
