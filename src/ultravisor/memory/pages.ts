import { toHex } from '../../bytes/index.ts';
import { decryptGcm, digest, encryptGcm } from '../../crypto/index.ts';
import { gfnOf, gpaOf, isSecure, PAGE_BYTES, PAGE_SHIFT } from '../../hcall/index.ts';
import { U } from '../../spec/index.ts';
import { frameOf, type GpfState, inSlot, noteRtasPage, type Svm, stateOf } from '../core/svm.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { AFTER_HV_PAGE_IN, AFTER_INVAL, SHARED_STATES } from './page-states.ts';
import { dropSecurePage, releaseAll, securePage } from './secure-memory.ts';

const SOURCE = 'open-power/ultravisor core/svm_host.c';

/** Moves a frame to a state and records it. */
export function setState(uv: Ultravisor, svm: Svm, gfn: bigint, to: GpfState, why: string, page?: Uint8Array): void {
  const frame = frameOf(svm, gfn);
  const from = frame.state;
  frame.state = to;
  if (to !== 'SECURE') frame.unmapped = false;
  const { bus } = uv.world;
  if (!bus.active) return;
  const contents = page ? { digest: toHex(digest('sha256', page)) } : {};
  bus.emit('page', 'ultravisor', { gpa: gpaOf(gfn), from, to, why, ...contents }, { place: { host: uv.host, lpid: svm.lpid } });
}

/**
 * What every page call checks first (docs/reference/pef.md#what-ultracalls-leave-undone): the hypervisor's address, the SVM, the frame.
 * Null: all is well.
 */
function refused(uv: Ultravisor, svm: Svm | undefined, ra: bigint | null, gpa: bigint, order: bigint, badOrder: number): number | null {
  if (order !== BigInt(PAGE_SHIFT)) return badOrder;
  if (ra !== null && (ra === 0n || isSecure(ra))) return U.P2;
  if (!svm) return U.PARAMETER;
  if (ra === null && svm.phase === 'ABORT') return U.STATE;
  if (!inSlot(svm, gpa)) return ra === null && uv.profile.pageInvalBadGpa === 'U_P2' ? U.P2 : U.P3;
  return null;
}

/** UV_PAGE_IN. */
export function pageIn(uv: Ultravisor, svm: Svm | undefined, ra: bigint, gpa: bigint, order: bigint): number {
  if (order === BigInt(PAGE_SHIFT) && ra !== 0n && !isSecure(ra) && svm?.phase === 'ABORT') return U.STATE;
  const refusal = refused(uv, svm, ra, gpa, order, U.P5);
  if (refusal !== null || !svm) return refusal ?? U.PARAMETER;
  const gfn = gfnOf(gpa);
  const state = stateOf(svm, gfn);
  const next = AFTER_HV_PAGE_IN[state];
  if (next) {
    // While it is being unshared the page is of no more use (svm_hv_unsharing_gfn notes none).
    if (next !== 'HV_UNSHARING') frameOf(svm, gfn).hvRa = ra;
    if (SHARED_STATES.has(next)) noteRtasPage(svm, gfn, true);
    setState(uv, svm, gfn, next, 'UV_PAGE_IN');
    return U.SUCCESS;
  }
  if (svm.phase === 'SECURE') return state === 'PAGEDOUT' ? decryptIn(uv, svm, ra, gfn) : refuseSecure(uv, svm, ra, gfn);
  return copyIn(uv, svm, ra, gfn, state);
}

/** A secure VM's frame takes nothing from the hypervisor but its own ciphertext. */
function refuseSecure(uv: Ultravisor, svm: Svm, ra: bigint, gfn: bigint): number {
  const passed = uv.check('page-in-secure', false, `UV_PAGE_IN of the secure frame 0x${gpaOf(gfn).toString(16)}`, SOURCE);
  return passed ? plainCopy(uv, svm, ra, gfn, 'UV_PAGE_IN of a secure frame') : U.P2;
}

/** Before the VM is secure a page is copied as it is, also one that was paged out meanwhile (docs/reference/pef.md#page-out-encryption). */
function copyIn(uv: Ultravisor, svm: Svm, ra: bigint, gfn: bigint, state: GpfState): number {
  if (!uv.makes('page-in-requested') || svm.requested === gfn) return plainCopy(uv, svm, ra, gfn, `UV_PAGE_IN (${state})`);
  uv.check('page-in-requested', false, `frame 0x${gpaOf(gfn).toString(16)} comes in unasked`, 'docs/profiles.md#fields');
  return U.P2;
}

function plainCopy(uv: Ultravisor, svm: Svm, ra: bigint, gfn: bigint, why: string): number {
  const target = securePage(uv, svm, gfn);
  if (target === null) return U.RETRY;
  const page = uv.memory.read(ra, PAGE_BYTES, 'ultravisor');
  uv.memory.adopt(target, page, 'ultravisor');
  Object.assign(frameOf(svm, gfn), { sealed: null, unmapped: false });
  setState(uv, svm, gfn, 'SECURE', why, page);
  return U.SUCCESS;
}

function decryptIn(uv: Ultravisor, svm: Svm, ra: bigint, gfn: bigint): number {
  const frame = frameOf(svm, gfn);
  const target = securePage(uv, svm, gfn);
  if (target === null) return U.RETRY;
  if (!frame.sealed || !svm.paging) return U.P3;
  const ciphertext = uv.memory.view(ra, 'ultravisor');
  const { iv, tag } = frame.sealed;
  const authentic = decryptGcm(svm.paging.key, iv, { ciphertext, tag });
  const detail = authentic ? 'the page is what went out' : 'the page is not what went out of this frame last: tampered, moved or old';
  if (!uv.check('page-tag', authentic !== null, `frame 0x${gpaOf(gfn).toString(16)}: ${detail}`, SOURCE)) return U.P3;
  const page = authentic ?? decryptGcm(svm.paging.key, iv, { ciphertext, tag }, true);
  if (!page) return U.P3;
  uv.memory.adopt(target, page, 'ultravisor');
  frame.sealed = null;
  frame.unmapped = false;
  setState(uv, svm, gfn, 'SECURE', 'UV_PAGE_IN (PAGEDOUT)', page);
  return U.SUCCESS;
}

/** IV: 4 random bytes and a 64-bit counter; at its end new random bytes (docs/reference/pef.md#page-out-encryption). */
function nextIv(uv: Ultravisor, paging: NonNullable<Svm['paging']>): Uint8Array {
  const iv = new Uint8Array(12);
  iv.set(paging.prefix);
  new DataView(iv.buffer).setBigUint64(4, paging.counter);
  if (paging.counter === 0xffff_ffff_ffff_ffffn) {
    paging.prefix = uv.random.bytes(4);
    paging.counter = 0n;
  } else {
    paging.counter++;
  }
  return iv;
}

/** UV_PAGE_OUT. */
export function pageOut(uv: Ultravisor, svm: Svm | undefined, ra: bigint, gpa: bigint, order: bigint): number {
  const refusal = refused(uv, svm, ra, gpa, order, U.P5);
  if (refusal !== null || !svm) return refusal ?? U.PARAMETER;
  const gfn = gfnOf(gpa);
  const state = stateOf(svm, gfn);
  if (state === 'HV_UNSHARED') return U.RETRY;
  if (SHARED_STATES.has(state) && uv.profile.pageOutShared === 'U_SUCCESS') return U.SUCCESS;
  if (state !== 'SECURE') return U.PARAMETER;
  // Nothing is written: the VM's memory does not come back (docs/reference/pef.md#memory-after-an-abort).
  if (svm.phase === 'ABORT') return U.SUCCESS;
  const frame = frameOf(svm, gfn);
  const page = frame.secureRa === null ? new Uint8Array(PAGE_BYTES) : uv.memory.view(frame.secureRa, 'ultravisor');
  svm.paging ??= newPaging(uv, svm);
  const iv = nextIv(uv, svm.paging);
  const { ciphertext, tag } = encryptGcm(svm.paging.key, iv, page);
  uv.memory.adopt(ra, ciphertext, 'ultravisor');
  frame.sealed = { iv, tag };
  // The published code only unmaps the page: its place is the frame's for ever (docs/reference/pef.md#page-out-encryption).
  if (uv.profile.secureMemory === 'on demand') dropSecurePage(uv, svm, gfn);
  setState(uv, svm, gfn, 'PAGEDOUT', 'UV_PAGE_OUT', ciphertext);
  return U.SUCCESS;
}

function newPaging(uv: Ultravisor, svm: Svm): NonNullable<Svm['paging']> {
  const key = uv.random.bytes(16);
  uv.world.secrets.register(`page key of lpid ${svm.lpid}`, key, ['ultravisor'], { host: uv.host, lpid: svm.lpid });
  return { key, prefix: uv.random.bytes(4), counter: 0n };
}

/** UV_PAGE_INVAL: the hypervisor takes its page of a shared frame away for a while. */
export function pageInval(uv: Ultravisor, svm: Svm | undefined, gpa: bigint, order: bigint): number {
  const refusal = refused(uv, svm, null, gpa, order, U.P3);
  if (refusal !== null || !svm) return refusal ?? U.PARAMETER;
  const gfn = gfnOf(gpa);
  const next = AFTER_INVAL[stateOf(svm, gfn)];
  if (!next) return U.P2;
  frameOf(svm, gfn).hvRa = null;
  noteRtasPage(svm, gfn, false);
  if (next !== stateOf(svm, gfn)) setState(uv, svm, gfn, next, 'UV_PAGE_INVAL');
  return U.SUCCESS;
}

/** Gives all memory of an SVM back; its record is forgotten. */
export function forget(uv: Ultravisor, svm: Svm): void {
  releaseAll(uv, svm);
  uv.svms.delete(svm.lpid);
  if (svm.phase === 'SECURE') uv.hardware.partitionTable.set(svm.lpid, { dw0: 0n, dw1: 0n });
  uv.world.bus.emit(
    'state',
    'ultravisor',
    { of: 'svm', from: svm.phase, to: 'none', why: 'UV_SVM_TERMINATE' },
    { place: { host: uv.host, lpid: svm.lpid } },
  );
}
