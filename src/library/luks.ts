/**
 * LUKS1 and LUKS2 volumes: headers read, key slots opened, payloads decrypted, volumes made from a seed.
 * @module
 */
export { Random, type RandomState } from '../sim/index.ts';
export * from '../svm/luks/index.ts';
