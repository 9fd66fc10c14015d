import { PAGE_BYTES } from '../../hcall/index.ts';
import { U } from '../../spec/index.ts';
import { frameOf, inSlot, type Svm, stateOf } from '../core/svm.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { askForSharedPage } from '../hypervisor/ask-for-page.ts';
import { killSvm } from '../hypervisor/kill-svm.ts';
import { ON_SHARE, ON_UNSHARE } from './page-states.ts';
import { setState } from './pages.ts';
import { bringBack, dropSecurePage, makeRoom, securePage } from './secure-memory.ts';

/** How often a paged-out frame is asked for before a share gives up (docs/reference/pef.md#shares-of-paged-out-frames). */
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
export async function share(ctx: SvmContext, first: bigint, count: bigint): Promise<number> {
  const { uv, svm } = ctx;
  const gfns = framesOf(svm, first, count);
  if (!gfns) return U.P2;
  const changed: bigint[] = [];
  for (const gfn of gfns) {
    const plan = ON_SHARE[stateOf(svm, gfn)];
    if (plan === 'nothing') continue;
    if (plan === 'refuse' || (plan === 'page in first' && !(await bringIn(ctx, gfn)))) return revert(ctx, changed);
    changed.push(gfn);
    setState(uv, svm, gfn, 'HV_SHARING', 'UV_SHARE_PAGE');
    if (!(await askForSharedPage(ctx, gfn))) return revert(ctx, changed);
  }
  for (const gfn of changed) await commit(ctx, gfn);
  return U.SUCCESS;
}

async function bringIn(ctx: SvmContext, gfn: bigint): Promise<boolean> {
  const { svm } = ctx;
  for (let tries = 0; tries < PAGE_IN_TRIES && stateOf(svm, gfn) === 'PAGEDOUT'; tries++) {
    if (!(await bringBack(ctx, gfn))) return false;
  }
  return stateOf(svm, gfn) === 'SECURE';
}

/** The hypervisor said that it shares: a frame for which it gave no page ends the SVM (core/svm_host.c commit_all_gfns_as_shared). */
async function commit(ctx: SvmContext, gfn: bigint): Promise<void> {
  const { uv, svm } = ctx;
  const state = stateOf(svm, gfn);
  if (state !== 'HV_SHARED' && state !== 'HV_SHARED_INV') await killSvm(ctx, 'the hypervisor confirmed a share without giving a page');
  const { hvRa } = frameOf(svm, gfn);
  if (hvRa !== null) uv.memory.write(hvRa, new Uint8Array(PAGE_BYTES), 'ultravisor');
  dropSecurePage(uv, svm, gfn);
  setState(uv, svm, gfn, hvRa === null ? 'SHARED_INV' : 'SHARED', 'UV_SHARE_PAGE: all frames confirmed');
}

/** Takes back what a failed share had changed; the secure pages were not touched yet. The SVM ends if that fails too. */
async function revert(ctx: SvmContext, changed: readonly bigint[]): Promise<number> {
  const { uv, svm } = ctx;
  const confirmed = changed.filter(gfn => stateOf(svm, gfn) !== 'HV_SHARING');
  for (const gfn of changed) if (!confirmed.includes(gfn)) setState(uv, svm, gfn, 'SECURE', 'share reverted');
  for (const gfn of confirmed) {
    if (!(await takeBack(ctx, gfn, 'share reverted'))) await killSvm(ctx, 'a failed UV_SHARE_PAGE could not be reverted');
  }
  for (const gfn of confirmed) setState(uv, svm, gfn, 'SECURE', 'share reverted');
  return U.P2;
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
  const shared = gfns.filter(gfn => ON_UNSHARE[stateOf(svm, gfn)] === 'take back');
  for (const gfn of shared) {
    if (!(await takeBack(ctx, gfn, 'UV_UNSHARE_PAGE'))) await killSvm(ctx, 'the hypervisor does not take a shared page back');
  }
  for (const gfn of shared) await makeSecure(ctx, gfn);
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
