import { extendPcr, resetPcr } from './debug-pcr.ts';
import { decrypt } from './decrypt.ts';
import { clear, evictKey } from './platform.ts';
import { policyB } from './policy-b.ts';
import type { Program } from './program.ts';

/** Every program, by the word after `program:`. */
export const programs: ReadonlyMap<string, Program> = new Map(
  [policyB, decrypt, evictKey, clear, resetPcr, extendPcr].map(program => [program.name, program]),
);
