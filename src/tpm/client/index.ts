export { type Answer, type CallOptions, type SessionOptions, TpmClient } from './client.ts';
export { duplicateForImport, rsaSensitive } from './duplicate.ts';
export { buildCommand, type Packet } from './packet.ts';
export { type Failure, type HmacCheck, type RawAnswer, readResponse, type TssFault } from './response.ts';
export {
  AES_128_CFB,
  AUDIT,
  type Auth,
  type ClientSession,
  CONTINUE,
  DECRYPT,
  ENCRYPT,
  makeSession,
  NO_CIPHER,
  NO_PASSWORD,
} from './session.ts';
export { type TpmTransport, TransportError } from './transport.ts';
