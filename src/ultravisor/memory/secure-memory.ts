import { gpaOf, isSecure, PAGE_BYTES, PAGE_SHIFT, Vcpu } from '../../hcall/index.ts';
import { H, H_SVM_PAGE_OUT } from '../../spec/index.ts';
import { frameOf, type Svm } from '../core/svm.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { askForContents } from '../hypervisor/ask-for-page.ts';
import { hypercall } from '../hypervisor/hypercall.ts';

/** Pages of a range of guest memory. */
export const pagesOf = (bytes: bigint): number => Number((bytes + BigInt(PAGE_BYTES - 1)) >> BigInt(PAGE_SHIFT));

/**
 * Secure memory for a new slot. The published code takes all of it at once, zero filled (core/svm_host.c
 * populate_memslot_secure_pages); here it is only counted: a page is made when it is first used.
 */
export function reserveSlot(uv: Ultravisor, bytes: bigint): boolean {
  return uv.profile.secureMemory === 'on demand' || uv.memory.reserveSecure(pagesOf(bytes));
}

export function releaseSlot(uv: Ultravisor, bytes: bigint): void {
  if (uv.profile.secureMemory === 'reserved') uv.memory.releaseSecure(pagesOf(bytes));
}

/** The frame's page in secure memory, zero filled when it is new; null when secure memory is used up. */
export function securePage(uv: Ultravisor, svm: Svm, gfn: bigint): bigint | null {
  const frame = frameOf(svm, gfn);
  frame.usedAt = uv.turn++;
  frame.secureRa ??= uv.memory.allocate('secure');
  return frame.secureRa;
}

/** Gives the secure page behind a frame back; its contents are gone. */
export function dropSecurePage(uv: Ultravisor, svm: Svm, gfn: bigint): void {
  const frame = frameOf(svm, gfn);
  if (frame.secureRa !== null) uv.memory.free(frame.secureRa);
  frame.secureRa = null;
}

/** Gives all secure memory of an SVM back. */
export function releaseAll(uv: Ultravisor, svm: Svm): void {
  for (const frame of svm.frames.values()) {
    if (frame.secureRa !== null) uv.memory.free(frame.secureRa);
    frame.secureRa = null;
  }
  for (const { bytes } of svm.slots.values()) releaseSlot(uv, bytes);
  svm.slots.clear();
}

/**
 * With `on demand`: while no page is left, the hypervisor is asked to take the least recently used one (H_SVM_PAGE_OUT), as the
 * document promises; the published code never makes this call. False: there is no page that may go.
 */
export async function makeRoom(uv: Ultravisor): Promise<boolean> {
  while (uv.memory.securePagesLeft === 0) {
    const victim = uv.profile.secureMemory === 'on demand' ? leastRecentlyUsed(uv) : null;
    if (!victim) return false;
    const { svm, gfn } = victim;
    // In the name of the SVM that owns the page, on a vCPU of nobody's.
    const { r3 } = await hypercall(uv, new Vcpu(0, svm.lpid), H_SVM_PAGE_OUT, { gpa: gpaOf(gfn), flags: 0, order: PAGE_SHIFT });
    if (r3 !== H.SUCCESS || uv.memory.securePagesLeft === 0) return false;
  }
  return true;
}

/** Makes room in secure memory and asks the hypervisor for what it holds of a frame; false: it refused. */
export async function bringBack(ctx: SvmContext, gfn: bigint): Promise<boolean> {
  await makeRoom(ctx.uv);
  return askForContents(ctx, gfn);
}

function leastRecentlyUsed(uv: Ultravisor): { readonly svm: Svm; readonly gfn: bigint } | null {
  let oldest: { svm: Svm; gfn: bigint; usedAt: number } | null = null;
  for (const svm of uv.svms.values()) {
    if (svm.phase !== 'SECURE') continue; // before that a page would come back undecrypted (docs/reference/pef.md#page-out-encryption)
    for (const [gfn, { state, secureRa, usedAt }] of svm.frames) {
      if (state !== 'SECURE' || secureRa === null || !isSecure(secureRa)) continue;
      if (!oldest || usedAt < oldest.usedAt) oldest = { svm, gfn, usedAt };
    }
  }
  return oldest;
}
