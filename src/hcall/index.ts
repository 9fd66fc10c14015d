export { type AnyHcall, type Hcall, type HcallResult, hcall } from './call.ts';
export { hcalls } from './calls/index.ts';
export { QEMU_STDERR } from './devices/qemu-stderr.ts';
export type { ProxyMode, SpaprTpmProxy, TpmProxyOptions } from './devices/spapr-tpm-proxy.ts';
export { TpmSpapr, type TpmSpaprState } from './devices/tpm-spapr.ts';
export { emulatorBackend, passthroughBackend, type TpmStateAccess, type VtpmBackend } from './devices/vtpm-backend.ts';
export { loadVtpm, type MigrationKey, saveVtpm } from './devices/vtpm-migration.ts';
export { Halt } from './halt.ts';
export { type GuestOptions, Hypervisor, type HypervisorOptions, type HypervisorState, resultOf } from './hypervisor.ts';
export type { InterceptedHypercall, Interceptor } from './interceptor.ts';
export {
  gfnOf,
  gpaOf,
  isSecure,
  PAGE_BYTES,
  PAGE_SHIFT,
  pageOffset,
  RealMemory,
  type RealMemoryState,
  SECURE_BIT,
} from './memory.ts';
export { NormalMemory } from './normal-memory.ts';
export { type GfnState, type MemSlot, Partition, type PartitionOptions, type PartitionState, SECURE_GUEST } from './partition.ts';
export { type HypervisorPort, SYSTEM_CALL, type UltravisorPort } from './ports.ts';
export { invalidateShared, plugMemory, unplugMemory } from './secure-frames.ts';
export { terminateSecureGuest } from './terminate.ts';
export { MSR, type Registers, Vcpu, zeroRegisters } from './vcpu.ts';
