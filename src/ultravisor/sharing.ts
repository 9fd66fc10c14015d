import { PAGE_BYTES, type Vcpu } from '../hcall/index.ts';
import { U } from './codes.ts';
import { ON_SHARE, ON_UNSHARE } from './page-states.ts';
import { securePage, setState } from './pages.ts';
import { frameOf, inSlot, type Svm, stateOf } from './svm.ts';
import { askForPage, killSvm } from './svm-memory.ts';
import type { Ultravisor } from './ultravisor.ts';

const SHARED = 1;
const NONSHARED = 0;
/** How often a paged-out frame is asked for before a share gives up (pef.md a.4 row 1). */
const PAGE_IN_TRIES = 4;

/** The frames of a share or unshare; null when one of them lies in no slot. */
function framesOf(svm: Svm, gfn: bigint, count: bigint): bigint[] | null {
  const gfns: bigint[] = [];
  for (let i = 0n; i < count; i++) {
    if (!inSlot(svm, (gfn + i) << 16n)) return null;
    gfns.push(gfn + i);
  }
  return gfns;
}

/** UV_SHARE_PAGE: all frames or none. The hypervisor confirms each, then all are committed and its pages zeroed. */
export async function share(uv: Ultravisor, svm: Svm, vcpu: Vcpu, first: bigint, count: bigint): Promise<number> {
  const gfns = framesOf(svm, first, count);
  if (!gfns) return U.P2;
  const changed: bigint[] = [];
  for (const gfn of gfns) {
    const plan = ON_SHARE[stateOf(svm, gfn)];
    if (plan === 'nothing') continue;
    if (plan === 'refuse' || (plan === 'page in first' && !(await bringIn(uv, svm, vcpu, gfn)))) return revert(uv, svm, vcpu, changed);
    changed.push(gfn);
    setState(uv, svm, gfn, 'HV_SHARING', 'UV_SHARE_PAGE');
    const agreed = await askForPage(uv, svm, vcpu, gfn, SHARED);
    const state = stateOf(svm, gfn);
    if (!agreed || (state !== 'HV_SHARED' && state !== 'HV_SHARED_INV')) return revert(uv, svm, vcpu, changed);
  }
  for (const gfn of changed) {
    const frame = frameOf(svm, gfn);
    if (frame.hvRa !== null) uv.memory.write(frame.hvRa, new Uint8Array(PAGE_BYTES), 'ultravisor');
    dropSecurePage(uv, svm, gfn);
    setState(uv, svm, gfn, frame.hvRa === null ? 'SHARED_INV' : 'SHARED', 'UV_SHARE_PAGE: all frames confirmed');
  }
  return U.SUCCESS;
}

async function bringIn(uv: Ultravisor, svm: Svm, vcpu: Vcpu, gfn: bigint): Promise<boolean> {
  for (let tries = 0; tries < PAGE_IN_TRIES && stateOf(svm, gfn) === 'PAGEDOUT'; tries++) await askForPage(uv, svm, vcpu, gfn, NONSHARED);
  return stateOf(svm, gfn) === 'SECURE';
}

/** Takes back what a failed share had changed; the secure pages were not touched yet. The SVM is aborted if that fails too. */
async function revert(uv: Ultravisor, svm: Svm, vcpu: Vcpu, changed: readonly bigint[]): Promise<number> {
  for (const gfn of changed) {
    if (stateOf(svm, gfn) === 'HV_SHARING') setState(uv, svm, gfn, 'SECURE', 'share reverted');
    else if (!(await takeBack(uv, svm, vcpu, gfn, 'share reverted'))) killSvm(uv, svm, 'a failed UV_SHARE_PAGE could not be reverted');
  }
  return U.P2;
}

/** The hypervisor marks the frame secure again: 9, H_SVM_PAGE_IN(nonshared), 11, 0. */
async function takeBack(uv: Ultravisor, svm: Svm, vcpu: Vcpu, gfn: bigint, why: string): Promise<boolean> {
  setState(uv, svm, gfn, 'HV_UNSHARING', why);
  if (!(await askForPage(uv, svm, vcpu, gfn, NONSHARED))) return false;
  setState(uv, svm, gfn, 'HV_UNSHARED', why);
  frameOf(svm, gfn).hvRa = null;
  setState(uv, svm, gfn, 'SECURE', why);
  return true;
}

/** UV_UNSHARE_PAGE: the frames become secure again, zeroed. */
export async function unshare(uv: Ultravisor, svm: Svm, vcpu: Vcpu, first: bigint, count: bigint): Promise<number> {
  const gfns = framesOf(svm, first, count);
  return gfns ? unshareFrames(uv, svm, vcpu, gfns) : U.P2;
}

/** UV_UNSHARE_ALL_PAGES: only what was shared explicitly. */
export async function unshareAll(uv: Ultravisor, svm: Svm, vcpu: Vcpu): Promise<number> {
  const shared = [...svm.frames].filter(([, { state }]) => state === 'SHARED' || state === 'SHARED_INV').map(([gfn]) => gfn);
  return unshareFrames(uv, svm, vcpu, shared);
}

async function unshareFrames(uv: Ultravisor, svm: Svm, vcpu: Vcpu, gfns: readonly bigint[]): Promise<number> {
  for (const gfn of gfns) {
    const plan = ON_UNSHARE[stateOf(svm, gfn)];
    if (plan === 'nothing') continue;
    if (plan === 'refuse') return U.P2;
    dropSecurePage(uv, svm, gfn); // a fresh page is zero
    if (!(await takeBack(uv, svm, vcpu, gfn, 'UV_UNSHARE_PAGE'))) return U.P2;
    securePage(uv, svm, gfn);
  }
  return U.SUCCESS;
}

function dropSecurePage(uv: Ultravisor, svm: Svm, gfn: bigint): void {
  const frame = frameOf(svm, gfn);
  if (frame.secureRa !== null) uv.memory.free(frame.secureRa);
  frame.secureRa = null;
}
