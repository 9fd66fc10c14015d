/**
 * The embedded TPM 2.0 by itself: bytes in, bytes out; a client that builds commands from their records and checks the answers; the
 * structures and constants of the specification.
 * @module
 */
export {
  type AnyCodec,
  type Codec,
  decode,
  encode,
  type Fault,
  type FieldSeen,
  type Fields,
  Reader,
  type Shape,
  type StructValue,
  type Value,
  Writer,
} from '../bytes/index.ts';
export type { BlockCipher, HashName, RandomBytes } from '../crypto/index.ts';
export type { Difference, Place } from '../sim/index.ts';
export { Clock, Random, type RandomState, type Secret, SecretRegister, type Stateful } from '../sim/index.ts';
export * from '../tpm/client/index.ts';
export * from '../tpm/index.ts';
export * from '../tpm/wire/index.ts';
