/**
 * Traces of runs: written, read, shown, compared, exported; who saw what.
 * @module
 */
export * from '../trace/index.ts';
