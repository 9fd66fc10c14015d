export { enterSecureMode } from './enter-secure-mode.ts';
export { type FileOutcome, getFile } from './get-file.ts';
export { driverPages, type Layout, layOut } from './memory-layout.ts';
export { DISK_REASONS, type OpenedDisk, openDisk } from './open-disk.ts';
export { type PassphraseClientName, passphraseClients } from './passphrase-clients.ts';
export type { Platform } from './platform.ts';
export { NO_DRIVER, TpmDriverError, type TpmDriverState, TpmDrivers } from './tpm-drivers.ts';
export { describeTree, type GivenTree, loadIntoTree, unpackTree } from './tree/given-tree.ts';
export { buildGuestTree } from './tree/own-tree.ts';
