export {
  type AnyCommand,
  attributesOf,
  type Command,
  firstParameterIsSized,
  firstResultIsSized,
  type HandleUse,
  type HandleUses,
  type Role,
} from './command.ts';
export { commands } from './command-table.ts';
export * from './commands/index.ts';
export { type DecodedCommand, type DecodedResponse, decodeCommand, decodeResponse } from './describe.ts';
export { describeTpm } from './event-names.ts';
export { lastingChange } from './lasting-change.ts';
export type { Limits } from './model/core.ts';
export { LIMITS } from './model/core.ts';
export { makeCredential } from './model/keys/credential.ts';
export { encryptSecret, type SecretLabel } from './model/keys/protection.ts';
export { handleName, nameOf, nvNameOf, qualifiedNameOf } from './names.ts';
export * from './policy-digest.ts';
export { commandDigest, cryptParameter, exchangeFirst, responseDigest, type SymDef, sessionHmac, sessionKey } from './session-crypto.ts';
export { StateFault } from './state/blob.ts';
export { type Nvram, NvramError, Tpm, type TpmOptions, type TpmState } from './tpm.ts';
