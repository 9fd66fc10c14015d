import { PAGE_BYTES } from '../../hcall/index.ts';
import { U } from '../../spec/index.ts';
import { frameOf, noteRtasPage, rangeInSlots, type Svm, stateOf } from '../core/svm.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { askForSharedPage } from '../hypervisor/ask-for-page.ts';
import { killSvm } from '../hypervisor/kill-svm.ts';
import { ON_SHARE, ON_UNSHARE, SHARED_STATES } from './page-states.ts';
import { setState } from './pages.ts';
import { bringBack, dropSecurePage, makeRoom, securePage } from './secure-memory.ts';

/** How often a paged-out frame is asked for before a share gives up (docs/reference/pef.md#shares-of-paged-out-frames). */
const PAGE_IN_TRIES = 4;

/** As what frames are shared: for the SVM, for the Ultravisor's own purposes, or with a page of the hypervisor's own beside the SVM's. */
type SharedAs = 'SHARED' | 'SHARED_IMPLICIT' | 'PSEUDO_SHARED';

/** The frames of a share or unshare; null when one of them lies in no slot. */
function framesOf(svm: Svm, first: bigint, count: bigint): bigint[] | null {
  if (!rangeInSlots(svm, first, count)) return null;
  return Array.from({ length: Number(count) }, (_, i) => first + BigInt(i));
}

/** UV_SHARE_PAGE: all frames or none. The hypervisor confirms each, then all are committed and its pages zeroed. */
export const share = async (ctx: SvmContext, first: bigint, count: bigint): Promise<number> =>
  (await shareWithHypervisor(ctx, first, count, 'SHARED')).r3;

/** The same for any purpose (core/svm_host.c page_share_with_hv). */
export async function shareWithHypervisor(ctx: SvmContext, first: bigint, count: bigint, as: SharedAs): Promise<{ readonly r3: number }> {
  const { uv, svm } = ctx;
  const gfns = framesOf(svm, first, count);
  if (!gfns) return { r3: U.P2 };
  for (const [i, gfn] of gfns.entries()) {
    const plan = ON_SHARE[stateOf(svm, gfn)];
    if (plan === 'nothing') continue;
    // What was asked for before stays as it is: the published code goes back at once.
    if (plan === 'refuse') return { r3: U.P2 };
    if (plan === 'page in first' && !(await bringIn(ctx, gfn))) return revert(ctx, gfns.slice(0, i + 1));
    setState(uv, svm, gfn, 'HV_SHARING', 'to be shared');
    if (!(await askForSharedPage(ctx, gfn))) return revert(ctx, gfns.slice(0, i + 1));
  }
  for (const gfn of gfns) await commit(ctx, gfn, as);
  return { r3: U.SUCCESS };
}

async function bringIn(ctx: SvmContext, gfn: bigint): Promise<boolean> {
  const { svm } = ctx;
  for (let tries = 0; tries < PAGE_IN_TRIES && stateOf(svm, gfn) === 'PAGEDOUT'; tries++) {
    if (!(await bringBack(ctx, gfn))) return false;
  }
  return stateOf(svm, gfn) === 'SECURE';
}

/** The hypervisor said that it shares: a frame for which it gave no page ends the SVM (core/svm_host.c commit_all_gfns_as_shared). */
async function commit(ctx: SvmContext, gfn: bigint, as: SharedAs): Promise<void> {
  const { uv, svm } = ctx;
  const state = stateOf(svm, gfn);
  if (SHARED_STATES.has(state)) return;
  if (state !== 'HV_SHARED' && state !== 'HV_SHARED_INV') await killSvm(ctx, 'the hypervisor confirmed a share without giving a page');
  const { hvRa } = frameOf(svm, gfn);
  if (hvRa !== null) uv.memory.write(hvRa, new Uint8Array(PAGE_BYTES), 'ultravisor');
  if (as !== 'PSEUDO_SHARED') {
    dropSecurePage(uv, svm, gfn);
    if (hvRa !== null) noteRtasPage(svm, gfn, true);
  }
  const to = hvRa === null ? (`${as}_INV` as const) : as;
  setState(uv, svm, gfn, to, 'all frames of the share are confirmed');
}

/**
 * A share failed: what the hypervisor confirmed is asked back, and all frames up to the one that failed are secure again. One
 * that was paged out and did not come loses its record. The SVM ends if a frame does not come back.
 */
async function revert(ctx: SvmContext, tried: readonly bigint[]): Promise<{ readonly r3: number }> {
  const { uv, svm } = ctx;
  for (const gfn of tried) {
    const state = stateOf(svm, gfn);
    if (state !== 'HV_SHARED' && state !== 'HV_SHARED_INV') continue;
    if (!(await takeBack(ctx, gfn, 'share reverted'))) await killSvm(ctx, 'a failed share could not be reverted');
  }
  for (const gfn of tried) {
    const state = stateOf(svm, gfn);
    if (SHARED_STATES.has(state) || state === 'SECURE') continue;
    if (state === 'PAGEDOUT') forgetPagedOut(ctx, gfn);
    else setState(uv, svm, gfn, 'SECURE', 'share reverted');
  }
  return { r3: U.P2 };
}

/**
 * The record of a paged-out frame goes, its page stays where it is and unmapped: its ciphertext is not taken any more
 * (docs/reference/pef.md#page-states). With `pagedOutFrames: kept` nothing happens to it.
 */
function forgetPagedOut({ uv, svm }: SvmContext, gfn: bigint): void {
  if (uv.profile.pagedOutFrames === 'kept') return;
  const frame = frameOf(svm, gfn);
  frame.sealed = null;
  frame.unmapped = true;
  setState(uv, svm, gfn, 'SECURE', 'the record of the paged-out frame is dropped');
}

/** The hypervisor marks the frame secure again: 9, H_SVM_PAGE_IN(nonshared), 11. */
async function takeBack(ctx: SvmContext, gfn: bigint, why: string): Promise<boolean> {
  const { uv, svm } = ctx;
  setState(uv, svm, gfn, 'HV_UNSHARING', why);
  if (!(await bringBack(ctx, gfn))) return false;
  frameOf(svm, gfn).hvRa = null;
  setState(uv, svm, gfn, 'HV_UNSHARED', why);
  return true;
}

/** The frame is the SVM's again, zeroed: a fresh page is zero. */
async function makeSecure(ctx: SvmContext, gfn: bigint): Promise<void> {
  const { uv, svm } = ctx;
  dropSecurePage(uv, svm, gfn);
  if (!(await makeRoom(uv)) || securePage(uv, svm, gfn) === null) await killSvm(ctx, 'no secure memory is left for the SVM');
  setState(uv, svm, gfn, 'SECURE', 'UV_UNSHARE_PAGE');
}

/** UV_UNSHARE_PAGE: the frames become secure again, zeroed. The SVM ends when the hypervisor keeps one. */
export async function unshare(ctx: SvmContext, first: bigint, count: bigint): Promise<number> {
  const { svm } = ctx;
  const gfns = framesOf(svm, first, count);
  // Looked at before anything changes.
  if (!gfns || gfns.some(gfn => ON_UNSHARE[stateOf(svm, gfn)] === 'refuse')) return U.P2;
  for (const gfn of gfns) {
    if (ON_UNSHARE[stateOf(svm, gfn)] !== 'take back') continue;
    if (!(await takeBack(ctx, gfn, 'UV_UNSHARE_PAGE'))) await killSvm(ctx, 'the hypervisor does not take a shared page back');
  }
  for (const gfn of gfns) {
    if (stateOf(svm, gfn) === 'HV_UNSHARED') await makeSecure(ctx, gfn);
    else if (stateOf(svm, gfn) === 'PAGEDOUT') forgetPagedOut(ctx, gfn);
  }
  return U.SUCCESS;
}

/** UV_UNSHARE_ALL_PAGES: only what was shared explicitly. It stops at the first frame that the hypervisor keeps. */
export async function unshareAll(ctx: SvmContext): Promise<number> {
  const { svm } = ctx;
  for (const [gfn, { state }] of [...svm.frames]) {
    if (ON_UNSHARE[state] === 'nothing' || ['SHARED_IMPLICIT', 'SHARED_IMPLICIT_INV', 'PSEUDO_SHARED', 'PSEUDO_SHARED_INV'].includes(state))
      continue;
    if (ON_UNSHARE[state] === 'refuse' || !(await takeBack(ctx, gfn, 'UV_UNSHARE_ALL_PAGES'))) return U.RETRY;
    await makeSecure(ctx, gfn);
  }
  return U.SUCCESS;
}
