import { nameOf, qualifiedNameOf } from '../../names.ts';
import { refuse } from '../../refusal.ts';
import { u32 } from '../../session-crypto.ts';
import {
  handleType,
  has,
  PLATFORM_PERSISTENT,
  TPM_ALG,
  TPM_CC,
  TPM_HT,
  TPM_RC,
  TPM_RH,
  TPMA_OBJECT,
  type TPMT_PUBLIC,
  type TPMT_SENSITIVE,
} from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { isEnabled } from '../hierarchies/hierarchy.ts';
import type { KeyObject, LoadedObject } from '../state.ts';

// Part 1 §30.2, Part 4 Object.c: the slots.

const TRANSIENT_FIRST = TPM_HT.TRANSIENT * 2 ** 24;
const INDEX = 0x00ffffff;

/** Whether a transient handle can exist at all in this TPM. */
export const isSlotHandle = (tpm: Core, handle: number): boolean => (handle & INDEX) < tpm.limits.loadedObjects;

export function findObject(tpm: Core, handle: number): LoadedObject | null {
  return handleType(handle) === TPM_HT.TRANSIENT ? (tpm.state.ram.objects[handle & INDEX] ?? null) : null;
}

/** The object at a handle of the command's handle area: dispatch has seen to it that it is there. */
export function objectAt(tpm: Core, handle: number): LoadedObject {
  const object = findObject(tpm, handle);
  if (!object) throw new RangeError(`no object at 0x${handle.toString(16)}`);
  return object;
}

/** The key or data object at a handle; a sequence is refused with `rc`. */
export function keyAt(tpm: Core, handle: number, rc: number = TPM_RC.SEQUENCE): KeyObject {
  const object = objectAt(tpm, handle);
  return object.kind === 'key' ? object : refuse(rc);
}

/** The lowest free slot, or TPM_RC_OBJECT_MEMORY. */
export function freeSlot(tpm: Core): number {
  const slot = tpm.state.ram.objects.indexOf(null);
  return slot < 0 ? refuse(TPM_RC.OBJECT_MEMORY) : slot;
}

/** Puts an object into the lowest free slot; its handle. */
export function place(tpm: Core, object: LoadedObject): number {
  const slot = freeSlot(tpm);
  tpm.state.ram.objects[slot] = object;
  return TRANSIENT_FIRST + slot;
}

export function flushObject(tpm: Core, handle: number): void {
  tpm.state.ram.objects[handle & INDEX] = null;
}

/** Copies a persistent object to a slot, as long as the command runs (Part 4 ObjectLoadEvict). */
export function loadEvict(tpm: Core, handle: number, code: number): number {
  const owner = handle >= PLATFORM_PERSISTENT ? TPM_RH.PLATFORM : TPM_RH.OWNER;
  if (!isEnabled(tpm, owner)) refuse(TPM_RC.HANDLE);
  freeSlot(tpm);
  const object = tpm.state.permanent.persistent.get(handle);
  if (!object) return refuse(TPM_RC.HANDLE);
  // A disabled endorsement hierarchy hides its objects, from all but who may evict them.
  if (object.hierarchy === TPM_RH.ENDORSEMENT && !isEnabled(tpm, object.hierarchy) && code !== TPM_CC.EvictControl) refuse(TPM_RC.HANDLE);
  return place(tpm, object);
}

/** The copies of persistent objects go when the command ends, well or not. */
export function dropEvictCopies(tpm: Core): void {
  const { objects } = tpm.state.ram;
  for (let slot = 0; slot < objects.length; slot++) if (objects[slot]?.evictHandle != null) objects[slot] = null;
}

/** Restricted decryption key with its sensitive part and symmetric algorithms for its children: a parent (Part 1 §23.1). */
export function isParent({ publicArea, sensitive }: KeyObject): boolean {
  return isParentArea(publicArea) && sensitive !== null;
}
export function isParentArea({ type, objectAttributes }: TPMT_PUBLIC): boolean {
  return type !== TPM_ALG.KEYEDHASH && has(objectAttributes, RESTRICTED_DECRYPT);
}
const RESTRICTED_DECRYPT = TPMA_OBJECT.bit.restricted | TPMA_OBJECT.bit.decrypt;
/** A parent that derives its children (Part 1 §28). */
export const isDerivationParent = ({ publicArea, sensitive }: KeyObject): boolean =>
  publicArea.type === TPM_ALG.KEYEDHASH && has(publicArea.objectAttributes, RESTRICTED_DECRYPT) && sensitive !== null;

/** Hierarchy, qualified Name and inherited properties follow from where an object hangs: under a key or a hierarchy. */
export function makeKeyObject(
  publicArea: TPMT_PUBLIC,
  sensitive: TPMT_SENSITIVE | null,
  parent: KeyObject | number,
  { external = false, name = nameOf(publicArea) }: { external?: boolean; name?: Uint8Array } = {},
): KeyObject {
  const top = typeof parent === 'number';
  const ownStClear = has(publicArea.objectAttributes, TPMA_OBJECT.bit.stClear);
  return {
    kind: 'key',
    publicArea,
    sensitive,
    name,
    // Nothing stands above an external object (Part 1 §26.5): its qualified Name is its Name.
    qualifiedName: external ? name : qualifiedNameOf(top ? u32(parent) : parent.qualifiedName, publicArea.nameAlg, name),
    hierarchy: top ? parent : parent.hierarchy,
    external,
    stClear: ownStClear || (!top && parent.stClear),
    evictHandle: null,
  };
}
