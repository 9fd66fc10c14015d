import type { Registers } from '../../hcall/index.ts';

/** States of a guest frame in the Ultravisor (open-power/ultravisor include/svm_host.h); the index is the published number. */
export const GPF_STATES = [
  'SECURE',
  'PAGEDOUT',
  'SHARED',
  'SHARED_INV',
  'SHARED_IMPLICIT',
  'SHARED_IMPLICIT_INV',
  'HV_SHARING',
  'HV_SHARED',
  'HV_SHARED_INV',
  'HV_UNSHARING',
  'HV_UNSHARING_INV',
  'HV_UNSHARED',
  'PSEUDO_SHARED',
  'PSEUDO_SHARED_INV',
] as const;
export type GpfState = (typeof GPF_STATES)[number];

/** A guest frame as the Ultravisor keeps it. No record means: state SECURE, all zeros, no memory used yet. */
export interface Frame {
  state: GpfState;
  /** The page in secure memory, if there is one. */
  secureRa: bigint | null;
  /** The hypervisor's page, while it is shared. */
  hvRa: bigint | null;
  /** IV and tag of the last page-out; they never leave the Ultravisor. */
  sealed: { iv: Uint8Array; tag: Uint8Array } | null;
  /** Turn of the last use, for choosing a page to push out. */
  usedAt: number;
}

/** Record of one SVM (open-power/ultravisor include/svm_host.h). Plain data. */
export interface Svm {
  readonly lpid: number;
  /** ACTIVE: being made. */
  phase: 'ACTIVE' | 'SECURE' | 'ABORT';
  /** Registers of the guest at UV_ESM. */
  caller: Registers;
  slots: Map<number, { gpa: bigint; bytes: bigint }>;
  frames: Map<bigint, Frame>;
  /** Frames that were fetched for the transition, each once; dropped at its end. */
  fetched: Set<bigint>;
  /** The frame that the Ultravisor is asking the hypervisor for at this moment. */
  requested: bigint | null;
  /** Key, IV prefix and counter of page-out; made at the first one. */
  paging: { key: Uint8Array; prefix: Uint8Array; counter: bigint } | null;
  /** Where the Ultravisor's own pages lie in the guest (docs/reference/pef.md#reserved-pages). */
  reserved: { keys: bigint; files: bigint; rtas: bigint; tpmBounce: bigint; tpmTransfer: bigint } | null;
  /** Bytes of the key buffer and of the files tree in the reserved pages. */
  symkeyBytes: number;
  filesBytes: number;
  /** UV_ESMB_GET_FILE: who reads a file, and how far. */
  readers: Map<string, { pid: bigint; position: bigint }>;
  maxVcpus: number;
}

export function newSvm(lpid: number, caller: Registers): Svm {
  return {
    lpid,
    phase: 'ACTIVE',
    caller,
    slots: new Map(),
    frames: new Map(),
    fetched: new Set(),
    requested: null,
    paging: null,
    reserved: null,
    symkeyBytes: 0,
    filesBytes: 0,
    readers: new Map(),
    maxVcpus: 0,
  };
}

export function inSlot(svm: Svm, gpa: bigint): boolean {
  for (const slot of svm.slots.values()) if (gpa >= slot.gpa && gpa < slot.gpa + slot.bytes) return true;
  return false;
}

/** The frame's record, made if there is none. */
export function frameOf(svm: Svm, gfn: bigint): Frame {
  let frame = svm.frames.get(gfn);
  if (!frame) {
    frame = { state: 'SECURE', secureRa: null, hvRa: null, sealed: null, usedAt: 0 };
    svm.frames.set(gfn, frame);
  }
  return frame;
}

export const stateOf = (svm: Svm, gfn: bigint): GpfState => svm.frames.get(gfn)?.state ?? 'SECURE';
