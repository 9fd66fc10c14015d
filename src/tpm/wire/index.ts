// Part 2 of the TPM 2.0 library specification (docs/reference/tpm.md says which revision).
export * from './algorithms.ts';
export * from './attest.ts';
export * from './attributes.ts';
export * from './buffers.ts';
export * from './command-names.ts';
export * from './constants.ts';
export * from './frame.ts';
export * from './interface-types.ts';
export * from './keys.ts';
export * from './response-codes.ts';
export * from './schemes.ts';
