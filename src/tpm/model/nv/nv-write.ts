import { nvType, TPM_NT, TPMA_NV } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import type { NvIndex } from '../state.ts';
import { nvHas, setNvAttributes } from './nv.ts';

// Part 1 §37.2.3, Part 4 NvWriteIndexData.

const A = TPMA_NV.bit;

/** Writes contents. At the first write what is not written is blank: zeros in RAM, for an orderly Index, else 0xff of erased flash. */
export function writeNv(tpm: Core, index: NvIndex, offset: number, data: Uint8Array): void {
  const first = !nvHas(index, A.WRITTEN);
  const blank = first && nvType(index.publicArea.attributes) === TPM_NT.ORDINARY;
  const next = blank ? new Uint8Array(index.data.length).fill(nvHas(index, A.ORDERLY) ? 0 : 0xff) : index.data.slice();
  next.set(data, offset);
  index.data = next;
  if (first) setNvAttributes(index, A.WRITTEN);
  if (nvHas(index, A.ORDERLY)) tpm.disorderly = true;
}

/** The number in a counter or bit field; null when it was never written. */
export const nvNumber = (index: NvIndex): bigint | null =>
  nvHas(index, A.WRITTEN) ? new DataView(index.data.buffer, index.data.byteOffset).getBigUint64(0) : null;
