/** Loaded before the tests by scripts/fuzz.ts. A property that sets `numRuns` itself keeps its own number. */
import fc from 'fast-check';

fc.configureGlobal({ numRuns: Number(process.env.FUZZ_RUNS), seed: Number(process.env.FUZZ_SEED) });
