import { gfnOf, gpaOf, PAGE_BYTES } from '../../hcall/index.ts';
import { U } from '../../spec/index.ts';
import { frameOf, OWN_PAGES, ownFrames, rangeInSlots, type Svm } from '../core/svm.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { securePage } from '../memory/secure-memory.ts';
import { shareWithHypervisor } from '../memory/sharing.ts';
import { fetch, writeSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';
import type { GuestTree, Range } from './guest-tree.ts';

const SOURCE = 'open-power/ultravisor svm/svm-fdt.c, svm/svm-esmb.c, svm/svm-rtas.c, svm/svm-tss.c';

/** A RTAS service whose token the tree must name; `ibm,nmi-register` may be missing (svm/svm-rtas.c svm_rtas_token_lookup). */
export const RTAS_SERVICES = [
  'stop-self',
  ...['check-exception', 'event-scan', 'ibm,configure-connector', 'ibm,get-system-parameter', 'ibm,set-system-parameter'],
  ...['ibm,slot-error-detail', 'ibm,os-term', 'nvram-fetch', 'nvram-store', 'power-off', 'start-cpu'],
] as const;

/** The bounce pages of RTAS are shared in this order: arguments, buffers, arguments of stop-self (svm/svm-rtas.c). */
const RTAS_SHARES = [1, 4, 1] as const;

/** Reserves the Ultravisor's pages downward from the RMO top, beside what is reserved, and shares the bounce pages. */
export async function reservePages(ctx: SvmContext, tree: GuestTree): Promise<void> {
  const { svm } = ctx;
  const keys = reserve(ctx, tree, OWN_PAGES.keys);
  const files = reserve(ctx, tree, OWN_PAGES.files);
  for (const service of RTAS_SERVICES) tree.u32('/rtas', service);
  svm.maxVcpus = tree.processors();
  const rtas = reserve(ctx, tree, OWN_PAGES.rtas);
  svm.reserved = { keys, files, rtas, tpmBounce: null, tpmTransfer: null };
  let gfn = gfnOf(rtas);
  for (const pages of RTAS_SHARES) {
    const last = gfn + BigInt(pages) === gfnOf(rtas) + BigInt(OWN_PAGES.rtas);
    if (last) svm.rtasPages.noted = true;
    const { r3 } = await shareWithHypervisor(ctx, gfn, BigInt(pages), 'SHARED_IMPLICIT');
    if (r3 !== U.SUCCESS) {
      throw new EsmRefused(U.PARAMETER, 'bounce-page', `the hypervisor gives no page to share at 0x${gpaOf(gfn).toString(16)}`, SOURCE);
    }
    gfn += BigInt(pages);
  }
  const tpmBounce = reserve(ctx, tree, OWN_PAGES.tpm);
  svm.reserved = { keys, files, rtas, tpmBounce, tpmTransfer: tpmBounce + BigInt(PAGE_BYTES) };
  const { r3 } = await shareWithHypervisor(ctx, gfnOf(tpmBounce), 1n, 'SHARED_IMPLICIT');
  const detail =
    r3 === U.SUCCESS ? 'the bounce page of the TPM is shared' : 'the hypervisor gives no page to share as bounce page of the TPM';
  if (ctx.uv.makes('bounce-page') && !ctx.uv.check('bounce-page', r3 === U.SUCCESS, detail, SOURCE))
    throw new EsmRefused(U.PARAMETER, 'bounce-page', detail, SOURCE, true);
}

/**
 * The highest place below the RMO top that meets no memory reservation; whatever else lies there is not looked at, unless the
 * profile says so (svm/svm-fdt.c svm_fdt_rsv_addr_find). Rounded up to a page after the search, so it may reach into a reservation.
 */
function reserve({ uv, svm }: SvmContext, tree: GuestTree, pages: number): bigint {
  const size = BigInt(pages * PAGE_BYTES);
  const taken = uv.profile.ownPages === 'beside what is reserved' ? tree.reservations : [...tree.reservations, ...tree.inUse()];
  let at = BigInt.asUintN(64, tree.rmoTop - size);
  for (;;) {
    const inTheWay = taken.findLast(({ start, end }) => at + size > start && at < end);
    if (!inTheWay) break;
    at = BigInt.asUintN(64, inTheWay.start - size);
  }
  if (at === 0n || !rangeInSlots(svm, gfnOf(at), BigInt(pages)))
    throw new EsmRefused(U.RETRY, 'reserve-pages', 'no room is left below the RMO top', SOURCE);
  const gpa = gpaOf(gfnOf(at + BigInt(PAGE_BYTES - 1)));
  tree.addReservation(gpa, size);
  return gpa;
}

/** The RTAS area: fetched, then the hypervisor gets a page of its own behind it (docs/reference/pef.md#the-tree-of-the-guest). */
export async function shareRtas(ctx: SvmContext, tree: GuestTree): Promise<Range> {
  const base = tree.address('/rtas', 'linux,rtas-base');
  const size = tree.u32('/rtas', 'rtas-size');
  const codeBytes = tree.u32('/rtas', 'slof,rtas-size');
  const pages = Math.ceil(size / PAGE_BYTES);
  if (!(await fetch(ctx, base, BigInt(pages * PAGE_BYTES)))) {
    throw new EsmRefused(U.PARAMETER, 'rtas-pages', 'the hypervisor does not give the RTAS pages', SOURCE);
  }
  const { r3 } = await shareWithHypervisor(ctx, gfnOf(base), BigInt(pages), 'PSEUDO_SHARED');
  if (r3 !== U.SUCCESS) {
    throw new EsmRefused(U.PARAMETER, 'rtas-pages', 'the hypervisor gives no page of its own for the RTAS area', SOURCE);
  }
  return { start: base, end: base + BigInt(codeBytes) };
}

/** The tree with the added reservations goes back to its place; with `unmeasuredBytes: zeroed` all else that was fetched is wiped. */
export async function writeTreeBack(ctx: SvmContext, tree: GuestTree, fdt: bigint): Promise<void> {
  const { uv, svm } = ctx;
  const packed = tree.pack();
  await writeSvm(ctx, fdt, packed, 'ultravisor');
  if (uv.profile.unmeasuredBytes === 'kept') return;
  const kept = [...tree.measured, { start: fdt, end: fdt + BigInt(packed.length) }];
  const own = new Set(ownFrames(svm));
  for (const gfn of svm.fetched) if (!own.has(gfn)) wipeOutside(uv, svm, gfn, kept);
}

function wipeOutside(uv: Ultravisor, svm: Svm, gfn: bigint, kept: readonly { start: bigint; end: bigint }[]): void {
  const ra = frameOf(svm, gfn).secureRa === null ? null : securePage(uv, svm, gfn);
  if (ra === null) return;
  const base = gpaOf(gfn);
  const page = new Uint8Array(PAGE_BYTES);
  const old = uv.memory.read(ra, PAGE_BYTES, 'ultravisor');
  for (const { start, end } of kept) {
    const from = Number(start > base ? start - base : 0n);
    const to = Number(end - base < BigInt(PAGE_BYTES) ? end - base : BigInt(PAGE_BYTES));
    if (to > from && from < PAGE_BYTES) page.set(old.subarray(from, to), from);
  }
  uv.memory.adopt(ra, page, 'ultravisor');
}
