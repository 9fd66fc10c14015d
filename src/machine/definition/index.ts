export type { Domain, TpmDevice } from './devices.ts';
export { readDomain } from './domain.ts';
export { schemaProblems } from './domain-schema.ts';
export type { QemuHost } from './qemu/backends.ts';
export { launchQemu } from './qemu/launch.ts';

export { QemuMonitor, type QmpAnswer } from './qemu/monitor.ts';
export { shellWords } from './qemu/shell-words.ts';
export { qemuArguments } from './qemu-args.ts';
