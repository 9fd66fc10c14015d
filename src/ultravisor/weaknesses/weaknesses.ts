import { BEYOND_THE_REFERENCE } from './beyond-the-reference.ts';
import { BLOB_AND_MEASUREMENT } from './blob-and-measurement.ts';
import { RUNNING_SVM } from './running-svm.ts';
import { TPM } from './tpm.ts';
import type { Weakness } from './weakness.ts';

/** What docs/reference/threats.md is made from: what an attacker may try, each with the scenarios that show it. */
export const WEAKNESSES: readonly Weakness[] = [...BLOB_AND_MEASUREMENT, ...TPM, ...RUNNING_SVM, ...BEYOND_THE_REFERENCE];
