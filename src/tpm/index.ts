export type { Command } from './command.ts';
export { commands } from './command-table.ts';
export * from './commands/index.ts';
export { type DecodedCommand, type DecodedResponse, decodeCommand, decodeResponse } from './describe.ts';
export { describeTpm } from './event-names.ts';
export { lastingChange } from './lasting-change.ts';
export { makeCredential } from './model/keys/credential.ts';
export { encryptSecret, type SecretLabel } from './model/keys/protection.ts';
export { LIMITS, type Limits } from './model/limits.ts';
export { handleName, nameOf, nvNameOf, qualifiedNameOf } from './names.ts';
export * from './policy-digest.ts';
export {
  attributesOf,
  type CommandRecord,
  firstParameterIsSized,
  firstResultIsSized,
  type HandleUse,
  type HandleUses,
  type Role,
} from './record.ts';
export { commandDigest, cryptParameter, exchangeFirst, responseDigest, type SymDef, sessionHmac, sessionKey } from './session-crypto.ts';
export { StateFault } from './state/blob.ts';
export { type Nvram, NvramError, Tpm, type TpmOptions, type TpmState } from './tpm.ts';
