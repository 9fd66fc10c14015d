export {
  type AnyCommand, attributesOf, type Command, firstParameterIsSized, firstResultIsSized, type HandleUse, type HandleUses, type Role,
} from './command.ts';
export * from './commands/index.ts';
export { decodeCommand, decodeResponse, type DecodedCommand, type DecodedResponse } from './describe.ts';
export type { Limits } from './model/core.ts';
export { LIMITS } from './model/core.ts';
export { handleName, nameOf, nvNameOf, qualifiedNameOf } from './names.ts';
export { encryptSecret, type SecretLabel } from './model/protection.ts';
export * from './policy-digest.ts';
export { commandDigest, cryptParameter, exchangeFirst, responseDigest, sessionHmac, sessionKey, type SymDef } from './session-crypto.ts';
export { Tpm, type TpmOptions, type TpmState } from './tpm.ts';
