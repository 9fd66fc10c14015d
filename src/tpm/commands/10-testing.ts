import { UINT32 } from '../../bytes/index.ts';
import { command } from '../command.ts';
import { isImplemented } from '../model/capabilities.ts';
import { inParameter, refuse } from '../refusal.ts';
import { TPM_CC, TPM_RC, TPM2B_MAX_BUFFER, TPMI_YES_NO, TPML_ALG } from '../wire/index.ts';

// Part 3 §10. There is no hardware that could fail: all tests are passed at all times.

export const TPM2_SelfTest = command({
  code: TPM_CC.SelfTest,
  name: 'TPM2_SelfTest',
  spec: 'Part 3 §10.2',
  handles: {},
  params: { fullTest: TPMI_YES_NO },
  returns: {},
  nv: true,
  run: () => ({}),
});

export const TPM2_IncrementalSelfTest = command({
  code: TPM_CC.IncrementalSelfTest,
  name: 'TPM2_IncrementalSelfTest',
  spec: 'Part 3 §10.3',
  handles: {},
  params: { toTest: TPML_ALG },
  returns: { toDoList: TPML_ALG },
  nv: true,
  run(_tpm, { toTest }) {
    if (!toTest.every(isImplemented)) refuse(inParameter(1, TPM_RC.VALUE));
    return { toDoList: [] };
  },
});

export const TPM2_GetTestResult = command({
  code: TPM_CC.GetTestResult,
  name: 'TPM2_GetTestResult',
  spec: 'Part 3 §10.4',
  handles: {},
  params: {},
  returns: { outData: TPM2B_MAX_BUFFER, testResult: UINT32 },
  run: () => ({ outData: new Uint8Array(0), testResult: 0 }),
});
