import type { HypercallSignature } from '../hypercall.ts';
import { tableOf } from '../registers.ts';
import * as processor from './processor.ts';
import * as rtas from './rtas.ts';
import * as svm from './svm.ts';
import { H_TPM_COMM } from './tpm.ts';
import * as vio from './vio.ts';

/** Every hypercall that this machine answers, by number. */
export const hypercallSignatures: ReadonlyMap<number, HypercallSignature> = tableOf<HypercallSignature>({
  ...processor,
  ...rtas,
  ...svm,
  H_TPM_COMM,
  ...vio,
});
