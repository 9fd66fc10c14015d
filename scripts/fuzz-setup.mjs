/** Loaded before the tests by scripts/fuzz.ts. Plain JavaScript: mocha may load it before tsx works. A property that sets `numRuns` itself keeps its own. */
import fc from 'fast-check';

fc.configureGlobal({ numRuns: Number(process.env.FUZZ_RUNS), seed: Number(process.env.FUZZ_SEED) });
