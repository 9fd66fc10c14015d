export { type Domain, TPM_MODELS, type TpmBackend, type TpmDevice, type TpmModel } from './devices.ts';
export { readDomain } from './domain.ts';
export { type SchemaProblem, schemaProblems } from './domain-schema.ts';
export type { QemuHost, TpmDev } from './qemu/backends.ts';
export { type Launch, launchQemu } from './qemu/launch.ts';
export type { QemuDevice, QemuMachine } from './qemu/machine.ts';
export { QemuMonitor, type QmpAnswer } from './qemu/monitor.ts';
export { shellWords } from './qemu/shell-words.ts';
export { type ProbeDevice, type QemuArgumentOptions, qemuArguments } from './qemu-args.ts';
