/**
 * The embedded TPM 2.0 by itself: bytes in, bytes out; a client that builds commands from their records and checks the answers; the
 * structures and constants of the specification.
 * @module
 */
export { decode, encode, type Value } from '../bytes/index.ts';
export { Clock, Random, type RandomState } from '../sim/index.ts';
export * from '../tpm/client/index.ts';
export * from '../tpm/index.ts';
export * from '../tpm/wire/index.ts';
