import { nvNameOf } from '../../names.ts';
import { refuse } from '../../refusal.ts';
import { digestBytes, handleType, has, nvType, TPM_HT, TPM_NT, TPM_RC, TPM_RH, TPMA_NV, type TPMS_NV_PUBLIC } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { isEnabled } from '../hierarchies/hierarchy.ts';
import type { NvIndex } from '../state.ts';

// Part 1 §37: NV Indices.

const A = TPMA_NV.bit;

export const findNv = (tpm: Core, handle: number): NvIndex | null => tpm.state.permanent.nv.get(handle) ?? null;

/** The Index of a command's handle area: dispatch has seen to it that it is there. */
export function nvAt(tpm: Core, handle: number): NvIndex {
  const index = findNv(tpm, handle);
  if (!index) throw new RangeError(`no NV Index at 0x${handle.toString(16)}`);
  return index;
}

/** An Index whose hierarchy is disabled looks as if it were not defined (Part 4 NvIndexIsAccessible). */
export function nvIsAccessible(tpm: Core, handle: number): boolean {
  const index = findNv(tpm, handle);
  if (!index) return false;
  return has(index.publicArea.attributes, A.PLATFORMCREATE) ? tpm.state.clear.phEnableNV : isEnabled(tpm, TPM_RH.OWNER);
}

export const nvName = (tpm: Core, handle: number): Uint8Array => nvNameOf(nvAt(tpm, handle).publicArea);
export const nvHas = ({ publicArea }: NvIndex, bit: number): boolean => has(publicArea.attributes, bit);
export const isPinIndex = ({ publicArea }: NvIndex): boolean =>
  nvType(publicArea.attributes) === TPM_NT.PIN_FAIL || nvType(publicArea.attributes) === TPM_NT.PIN_PASS;

/** Whether a handle is that of a PIN_PASS Index: what it authorizes once, it must authorize anew (Part 3 §23.4). */
export const isPinPass = (tpm: Core, handle: number): boolean => {
  const index = findNv(tpm, handle);
  return index !== null && nvType(index.publicArea.attributes) === TPM_NT.PIN_PASS;
};

const FIXED_BYTES: ReadonlyMap<number, number> = new Map(
  [TPM_NT.COUNTER, TPM_NT.BITS, TPM_NT.PIN_FAIL, TPM_NT.PIN_PASS].map(type => [type, 8]),
);
/** Bytes of the contents, for types that have no choice (Part 2 §13.4). */
export const fixedNvBytes = ({ attributes, nameAlg }: TPMS_NV_PUBLIC): number | undefined =>
  nvType(attributes) === TPM_NT.EXTEND ? digestBytes(nameAlg) : FIXED_BYTES.get(nvType(attributes));

/** Sets or clears attribute bits; the Index's Name changes with them. */
export function setNvAttributes(index: NvIndex, set: number, clear = 0): void {
  index.publicArea = { ...index.publicArea, attributes: ((index.publicArea.attributes | set) & ~clear) >>> 0 };
}

/** Who gave the authorization must be one whom the read attributes name, and the Index open and written (Part 4 NvReadAccessChecks). */
export function checkNvRead(tpm: Core, authHandle: number, nvIndex: number): void {
  const index = nvAt(tpm, nvIndex);
  if (nvHas(index, A.READLOCKED)) refuse(TPM_RC.NV_LOCKED);
  if (!mayAccess(index, authHandle, nvIndex, { owner: A.OWNERREAD, platform: A.PPREAD })) refuse(TPM_RC.NV_AUTHORIZATION);
  if (!nvHas(index, A.WRITTEN)) refuse(TPM_RC.NV_UNINITIALIZED);
}

/** The same for writing (NvWriteAccessChecks). */
export function checkNvWrite(tpm: Core, authHandle: number, nvIndex: number): void {
  const index = nvAt(tpm, nvIndex);
  if (nvHas(index, A.WRITELOCKED)) refuse(TPM_RC.NV_LOCKED);
  if (!mayAccess(index, authHandle, nvIndex, { owner: A.OWNERWRITE, platform: A.PPWRITE })) refuse(TPM_RC.NV_AUTHORIZATION);
}

function mayAccess(index: NvIndex, authHandle: number, nvIndex: number, bits: { owner: number; platform: number }): boolean {
  if (handleType(authHandle) === TPM_HT.NV_INDEX) return authHandle === nvIndex;
  if (authHandle === TPM_RH.OWNER) return nvHas(index, bits.owner);
  return authHandle === TPM_RH.PLATFORM && nvHas(index, bits.platform);
}

/** Bytes that Indices and persistent objects take; the overhead of each is a guess of libtpms' order. */
const OVERHEAD = 100;
export function nvBytesUsed(tpm: Core): number {
  let bytes = 0;
  for (const { data } of tpm.state.permanent.nv.values()) bytes += data.length + OVERHEAD;
  return bytes + tpm.state.permanent.persistent.size * 2000;
}

/** Room for the contents of orderly Indices, each behind a header (libtpms RAM_INDEX_SPACE, NV_RAM_HEADER). */
const RAM_BYTES = 512;
const RAM_HEADER = 12;
export function fitsIntoRam(tpm: Core, dataSize: number): boolean {
  let used = 0;
  for (const index of tpm.state.permanent.nv.values()) if (nvHas(index, A.ORDERLY)) used += RAM_HEADER + index.data.length;
  return used + RAM_HEADER + dataSize <= RAM_BYTES;
}

/** pinCount and pinLimit. */
const pinOf = ({ data }: NvIndex): { count: number; limit: number } => {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return { count: view.getUint32(0), limit: view.getUint32(4) };
};

/** Whether a PIN Index's value may be used: it was written, and its limit is not reached. */
export function pinIsLeft(index: NvIndex): boolean {
  const { count, limit } = pinOf(index);
  return nvHas(index, A.WRITTEN) && count < limit;
}

/** Counts a use of a PIN Index's value. */
export function countPin(index: NvIndex, succeeded: boolean): void {
  if (!isPinIndex(index) || !nvHas(index, A.WRITTEN)) return;
  const fails = nvType(index.publicArea.attributes) === TPM_NT.PIN_FAIL;
  if (!fails && !succeeded) return;
  const data = index.data.slice();
  new DataView(data.buffer).setUint32(0, fails && succeeded ? 0 : pinOf(index).count + 1);
  index.data = data;
}

/** Writes contents (Part 1 §37.2.3, Part 4 NvWriteIndexData). At the first write what is not written is blank: zeros in RAM, for an orderly Index, else 0xff of erased flash. */
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
