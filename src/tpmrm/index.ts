export { type Backend, BackendError, type BackendFault } from './backend/backend.ts';
export { type Executable, embeddedBackend } from './backend/embedded.ts';
export { readOnly } from './backend/read-only.ts';
export { type BackendSpec, type OpenBackendOptions, openBackend, parseBackendSpec } from './backend/spec.ts';
export { SwtpmControl, type SwtpmState } from './backend/swtpm-control.ts';
export { SwtpmProcess } from './backend/swtpm-process.ts';
export { TpmChip, type TpmChipState } from './chip.ts';
export { DeviceFile, type PollEvent } from './device-file.ts';
export { EXPECTED_OF_TPM } from './driver.ts';
export type { ErrnoName } from './errno.ts';
export type { HostFile, HostFiles, IoResult } from './host-file.ts';
export { HostDevices } from './host-files.ts';
export { LINUX_VERSIONS } from './linux-versions.ts';
export type { OpenFlags } from './open-file.ts';
export { recordExchange } from './recorder.ts';
export { type ServeOptions, serveResourceManager } from './serve/server.ts';

export { SWAPPING, type Swapping } from './swapping.ts';
