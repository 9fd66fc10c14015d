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
  /** SECURE, but not mapped: its record went while it was paged out (core/svm_host.c page_unshare_with_hv). */
  unmapped?: boolean;
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
  reserved: { keys: bigint; files: bigint; rtas: bigint; tpmBounce: bigint | null; tpmTransfer: bigint | null } | null;
  /** Bounce pages of RTAS that the hypervisor backs, by their place; noted only once all are shared (svm/svm-rtas.c is_rtas_buf_gpa). */
  rtasPages: { noted: boolean; present: Set<number> };
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
    rtasPages: { noted: false, present: new Set() },
    symkeyBytes: 0,
    filesBytes: 0,
    readers: new Map(),
    maxVcpus: 0,
  };
}

/** Pages the Ultravisor takes at the top of the guest's real-mode area (docs/reference/pef.md#reserved-pages). */
export const OWN_PAGES = { keys: 1, files: 1, rtas: 6, tpm: 2 } as const;

/** The frames of the Ultravisor's own pages, as far as it has them. */
export function ownFrames({ reserved }: Svm): readonly bigint[] {
  if (!reserved) return [];
  const frames = (at: bigint | null, count: number): bigint[] =>
    at === null ? [] : Array.from({ length: count }, (_, i) => (at >> 16n) + BigInt(i));
  const { keys, files, rtas, tpmBounce } = reserved;
  return [
    ...frames(keys, OWN_PAGES.keys),
    ...frames(files, OWN_PAGES.files),
    ...frames(rtas, OWN_PAGES.rtas),
    ...frames(tpmBounce, OWN_PAGES.tpm),
  ];
}

/** Pages that RTAS calls bounce through. */
export const RTAS_PAGES = OWN_PAGES.rtas;

/** Notes that the hypervisor gave a page behind a bounce page of RTAS, or took it away. */
export function noteRtasPage({ reserved, rtasPages }: Svm, gfn: bigint, present: boolean): void {
  if (!reserved || !rtasPages.noted) return;
  const place = Number(gfn - (reserved.rtas >> 16n));
  if (place < 0 || place >= RTAS_PAGES) return;
  if (present) rtasPages.present.add(place);
  else rtasPages.present.delete(place);
}

export function inSlot(svm: Svm, gpa: bigint): boolean {
  for (const slot of svm.slots.values()) if (gpa >= slot.gpa && gpa < slot.gpa + slot.bytes) return true;
  return false;
}

/**
 * Whether frames lie in memory slots, as the published code looks for it: from the highest slot down (core/svm_host.c
 * svm_valid_gfn_range). A count of 0 asks for the frame before.
 */
export function rangeInSlots(svm: Svm, first: bigint, count: bigint): boolean {
  let last = BigInt.asUintN(64, first + count - 1n);
  const slots = [...svm.slots.values()].filter(({ bytes }) => bytes > 0n).sort((a, b) => (a.gpa > b.gpa ? -1 : 1));
  for (const { gpa, bytes } of slots) {
    const [slotFirst, slotLast] = [gpa >> 16n, ((gpa + bytes + 0xffffn) >> 16n) - 1n];
    if (last > slotLast) return false;
    if (last < slotFirst) continue;
    if (first >= slotFirst) return true;
    last = slotFirst - 1n;
  }
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
