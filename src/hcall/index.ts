export type { AnyHcall, Hcall, HcallResult } from './calls/hcall.ts';
export { hcalls } from './calls/index.ts';
export type { InterceptedHypercall, Interceptor } from './calls/interceptor.ts';
export { QEMU_STDERR } from './devices/qemu-stderr.ts';
export type { TpmProxyOptions } from './devices/spapr-tpm-proxy.ts';
export { TceTable } from './devices/tce-table.ts';
export { TpmSpapr } from './devices/tpm-spapr.ts';
export { VioBus } from './devices/vio-bus.ts';
export { emulatorBackend, FATAL, passthroughBackend, type VtpmBackend } from './devices/vtpm-backend.ts';
export { loadVtpm, saveVtpm } from './devices/vtpm-migration.ts';
export { Halt } from './hardware/halt.ts';
export { type HypervisorPort, SYSTEM_CALL, type UltravisorPort } from './hardware/interrupt-ports.ts';
export {
  gfnOf,
  gpaOf,
  isSecure,
  PAGE_BYTES,
  PAGE_SHIFT,
  pageOffset,
  RealMemory,
  SECURE_BIT,
} from './hardware/memory.ts';
export { MSR, type Registers, Vcpu, zeroRegisters } from './hardware/vcpu.ts';
export { Hypervisor, resultOf } from './hypervisor.ts';
export { NormalMemory } from './kvm/normal-memory.ts';
export { Partition, SECURE_GUEST } from './kvm/partition.ts';
export { invalidateShared, plugMemory, unplugMemory } from './kvm/secure-frames.ts';
export { terminateSecureGuest } from './kvm/terminate-secure-guest.ts';
