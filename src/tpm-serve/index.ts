export { controlChannel } from './channels/control.ts';
export { powerDown } from './power.ts';
export { type Exchange, ServedTpm, type ServedTpmOptions, type StartupKind } from './served-tpm.ts';
export { PROTOCOLS, type Protocol, serveTpm, type TpmServer, type TpmServerOptions } from './server.ts';
export { StateDir } from './state/state-dir.ts';
export { SWTPM_VERSIONS, type SwtpmBehaviour } from './swtpm-versions.ts';
