export { type Answer, type CallOptions, type ClientOptions, type SessionOptions, TpmClient } from './client.ts';
export type { ImportParams } from './duplicate.ts';
export { duplicateForImport, rsaSensitive } from './duplicate.ts';
export type { Failure, HmacCheck, TssFault } from './response.ts';
export {
  AES_128_CFB,
  AUDIT,
  type Auth,
  type ClientSession,
  CONTINUE,
  DECRYPT,
  ENCRYPT,
  NO_CIPHER,
  NO_PASSWORD,
} from './session.ts';
export { type TpmTransport, TransportError } from './transport.ts';
