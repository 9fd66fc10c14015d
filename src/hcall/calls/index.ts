import { tableOf } from '../../spec/index.ts';
import type { AnyHcall } from './hcall.ts';
import * as processor from './processor.ts';
import * as rtas from './rtas.ts';
import * as svm from './svm.ts';
import * as tpm from './tpm.ts';
import * as vio from './vio.ts';

/** Every hypercall that is there, by number: dispatch, trace, `svm-sim calls`, documentation and tests read it. */
export const hcalls: ReadonlyMap<number, AnyHcall> = tableOf<AnyHcall>({ ...processor, ...rtas, ...svm, ...tpm, ...vio });
