import { gfnOf, gpaOf, PAGE_BYTES } from '../../hcall/index.ts';
import { U } from '../../spec/index.ts';
import { frameOf, inSlot, type Svm } from '../core/svm.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { securePage } from '../memory/secure-memory.ts';
import { fetch, shareFor, writeSvm } from '../memory/svm-memory.ts';
import { EsmRefused } from './esm-refused.ts';
import type { GuestTree } from './guest-tree.ts';

const SOURCE = 'open-power/ultravisor svm/svm-fdt.c, svm/svm-esmb.c, svm/svm-rtas.c, svm/svm-tss.c';

/** Pages the Ultravisor takes at the top of the guest's real-mode area, in the order of the link (docs/reference/pef.md#reserved-pages). */
const RESERVATIONS = [
  { name: 'keys', pages: 1, shared: false },
  { name: 'files', pages: 1, shared: false },
  { name: 'rtas', pages: 6, shared: true },
  { name: 'tpmBounce', pages: 1, shared: true },
  { name: 'tpmTransfer', pages: 1, shared: false },
] as const;

/** Reserves the Ultravisor's pages downward from the RMO top, beside all that is in use, and shares the bounce pages. */
export async function reservePages(ctx: SvmContext, tree: GuestTree): Promise<void> {
  const { svm } = ctx;
  const taken = [...tree.inUse];
  const place = (pages: number): bigint => {
    const size = BigInt(pages * PAGE_BYTES);
    for (let gpa = gpaOf(gfnOf(tree.rmoTop)) - size; gpa > 0n; gpa -= BigInt(PAGE_BYTES)) {
      if (taken.every(({ start, end }) => gpa + size <= start || gpa >= end)) {
        taken.push({ start: gpa, end: gpa + size });
        tree.addReservation(gpa, size);
        return gpa;
      }
    }
    throw new EsmRefused(U.RETRY, 'reserve-pages', 'no room is left below the RMO top', SOURCE);
  };
  const at = Object.fromEntries(RESERVATIONS.map(({ name, pages }) => [name, place(pages)])) as NonNullable<Svm['reserved']>;
  for (const { name, pages, shared } of RESERVATIONS) {
    for (let page = 0; page < pages; page++) {
      const gfn = gfnOf(at[name]) + BigInt(page);
      if (!inSlot(svm, gpaOf(gfn))) throw new EsmRefused(U.P2, 'reserve-pages', 'the RMO top lies outside of every memory slot', SOURCE);
      svm.fetched.add(gfn); // the Ultravisor's own: nothing of it comes from the hypervisor
      if (shared && !(await shareFor(ctx, gfn, 'SHARED_IMPLICIT'))) {
        throw new EsmRefused(U.PARAMETER, 'bounce-page', `the hypervisor gives no page to share at 0x${gpaOf(gfn).toString(16)}`, SOURCE);
      }
    }
  }
  svm.reserved = at;
}

/** The RTAS area: fetched, then the hypervisor gets a page of its own behind it (docs/reference/pef.md#the-tree-of-the-guest). */
export async function shareRtas(ctx: SvmContext, { rtas }: GuestTree): Promise<void> {
  if (!(await fetch(ctx, rtas.base, BigInt(rtas.size)))) {
    throw new EsmRefused(U.PARAMETER, 'rtas-pages', 'the hypervisor does not give the RTAS pages', SOURCE);
  }
  const pages = Math.ceil(rtas.size / PAGE_BYTES);
  for (let page = 0; page < pages; page++) {
    if (!(await shareFor(ctx, gfnOf(rtas.base) + BigInt(page), 'PSEUDO_SHARED'))) {
      throw new EsmRefused(U.PARAMETER, 'rtas-pages', 'the hypervisor gives no page of its own for the RTAS area', SOURCE);
    }
  }
}

/** The tree with the added reservations goes back to its place; with `unmeasuredBytes: zeroed` all else that was fetched is wiped. */
export async function writeTreeBack(ctx: SvmContext, tree: GuestTree, fdt: bigint): Promise<void> {
  const { uv, svm } = ctx;
  const packed = tree.pack();
  await writeSvm(ctx, fdt, packed, 'ultravisor');
  if (uv.profile.unmeasuredBytes === 'kept') return;
  const kept = [...tree.measured, { start: fdt, end: fdt + BigInt(packed.length) }];
  const own = new Set(
    RESERVATIONS.flatMap(({ name, pages }) => Array.from({ length: pages }, (_, i) => gfnOf(svm.reserved?.[name] ?? 0n) + BigInt(i))),
  );
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
