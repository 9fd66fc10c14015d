import { command, user } from '../command.ts';
import { inParameter, refuse } from '../refusal.ts';
import { TPM_ALG, TPM_CC, TPM_RC, TPMI_ALG_HASH_NULL, TPMI_RH_PROVISION, TPML_CC } from '../wire/index.ts';

// Part 3 §21.

export const TPM2_SetCommandCodeAuditStatus = command({
  code: TPM_CC.SetCommandCodeAuditStatus,
  name: 'TPM2_SetCommandCodeAuditStatus',
  spec: 'Part 3 §21.2',
  handles: { auth: user(TPMI_RH_PROVISION) },
  params: { auditAlg: TPMI_ALG_HASH_NULL, setList: TPML_CC, clearList: TPML_CC },
  returns: {},
  nv: true,
  run(tpm, { auditAlg, setList, clearList }) {
    const { permanent, reset } = tpm.state;
    if (auditAlg !== TPM_ALG.NULL && auditAlg !== permanent.auditHashAlg) {
      if (setList.length > 0 || clearList.length > 0) refuse(inParameter(1, TPM_RC.VALUE));
      permanent.auditHashAlg = auditAlg;
      // The digest begins anew with the next audited command; this one is the change, and not audited (model/audit.ts).
      reset.commandAuditDigest = new Uint8Array(1);
      return {};
    }
    // Codes that this TPM does not have are passed over. Shutdown cannot be audited, and that this list changed is always told.
    for (const code of setList) if (tpm.commands.has(code) && code !== TPM_CC.Shutdown) permanent.auditCommands.add(code);
    for (const code of clearList) if (code !== TPM_CC.SetCommandCodeAuditStatus) permanent.auditCommands.delete(code);
    return {};
  },
});
