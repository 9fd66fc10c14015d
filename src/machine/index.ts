export { certifyHost, type HostCertificates } from './attest-host.ts';
export * from './definition/index.ts';
export { embeddedTpm, openEmbeddedTpm } from './embedded-tpm.ts';
export { type EsmOutcome, GUEST_STATES, Guest, type GuestSpec, type GuestState } from './guest.ts';
export { Host, type HostSpec } from './host.ts';
export { Machine, type MachineState } from './machine.ts';
export { migrateGuest } from './migrate.ts';
export type { EmulatorKind } from './vtpm.ts';
export { EMULATORS, type VtpmSpec } from './vtpm.ts';
