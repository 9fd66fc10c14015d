export { type Answer, type Auth, type ClientSession, TpmClient } from './client.ts';
export * from './commands.ts';
export { nameOf } from './objects.ts';
export { TPMT_PUBLIC, TPMS_CONTEXT } from './structures.ts';
export { Tpm } from './tpm.ts';
