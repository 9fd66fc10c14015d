export type { Caller } from '../spec/index.ts';
export {
  FATAL_HCALLS,
  FDT_ERR,
  FDT_ERR_MEANING,
  fdtErrName,
  HCALL_COUNTS,
  type HcallCounts,
  showU,
  U,
  U_MEANING,
  type UName,
  UNPUBLISHED,
  uName,
} from '../spec/index.ts';
export { type Attest, bootFirmware, type Handover, type WrappingKey } from './boot/firmware.ts';
export { startUltravisor } from './boot/uv-fdt.ts';
export { UltracallDispatcher } from './calls/dispatcher.ts';
export { ultracalls } from './calls/index.ts';
export { type AnyUltracall, conditionsOf, type Ultracall, whenGiven } from './calls/ultracall.ts';
export { CHECKS, type CheckName, checks } from './core/checks.ts';
export { DEFAULT_PROFILE, fieldNames, fieldOf, type Profile, profileNames, profiles } from './core/profile.ts';
export { FIELDS, type FieldName } from './core/profile-fields.ts';
export { GPF_STATES, type GpfState, type Svm } from './core/svm.ts';
export { Ultravisor, type UltravisorState } from './core/ultravisor.ts';
export { readSvm, writeSvm } from './memory/svm-memory.ts';
export { reflectInterrupt } from './reflect/exceptions.ts';
export { reflectHypercall } from './reflect/hypercalls.ts';
export { WEAKNESSES, type Weakness } from './weaknesses/weaknesses.ts';
