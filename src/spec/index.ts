export { argumentsOf, type CallInput, type CallRegisters, type CallResults, callResults, loadCall, makeCall } from './call-registers.ts';
export type { HypercallSignature, Provider, RegisterCounts } from './hypercall.ts';
export { H, H_MEANING, type HName, hName } from './hypercall-codes.ts';
export { hypercallSignatures } from './hypercalls/index.ts';
export * from './hypercalls/processor.ts';
export * from './hypercalls/rtas.ts';
export * from './hypercalls/svm.ts';
export * from './hypercalls/tpm.ts';
export * from './hypercalls/vio.ts';
export { FATAL_HCALLS, HCALL_COUNTS, type HcallCounts } from './register-counts.ts';
export {
  type Named,
  type RegisterFile,
  type RegisterUse,
  type RegisterUses,
  r,
  readRegisters,
  s64,
  showRegister,
  tableOf,
  u64,
} from './registers.ts';
export { RTAS_HEADER_BYTES, RTAS_MOST_CELLS, RTAS_TOKEN, type RtasHeader, rtasBlock, rtasHeaderOf, rtasResultsAt } from './rtas-block.ts';
export { RTAS_TOKENS } from './rtas-tokens.ts';
export { codeOf, hasTpmHeader, rcOf, sized, sizeOf, TPM_HEADER_BYTES, tagOf, withTpmHeader } from './tpm-header.ts';
export type { Caller, Condition, OnlyWhere, Returns, UltracallSignature } from './ultracall.ts';
export { FDT_ERR, FDT_ERR_MEANING, fdtErrName, showU, U, U_MEANING, type UName, UNPUBLISHED, uName } from './ultracall-codes.ts';
export * from './ultracalls/guest.ts';
export * from './ultracalls/pages.ts';
export * from './ultracalls/platform.ts';
export * from './ultracalls/sharing.ts';
