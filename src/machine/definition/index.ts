export { type Domain, TPM_MODELS, type TpmBackend, type TpmDevice, type TpmModel } from './devices.ts';
export { readDomain } from './domain.ts';
export { type ProbeDevice, type QemuArgumentOptions, qemuArguments } from './qemu-args.ts';
export { type SchemaProblem, schemaProblems } from './schema.ts';
