import type { Actor, Stateful } from '../../sim/index.ts';

/** The only page size of secure VMs: 64 KiB (docs/reference/pef.md#sizes). */
export const PAGE_SHIFT = 16;
export const PAGE_BYTES = 1 << PAGE_SHIFT;
/** The real-address bit of secure memory on POWER9, IBM bit 15 (open-power/ultravisor core/cpu.c). */
export const SECURE_BIT = 1n << 48n;

export const isSecure = (ra: bigint): boolean => (ra & SECURE_BIT) !== 0n;
export const gfnOf = (gpa: bigint): bigint => gpa >> BigInt(PAGE_SHIFT);
export const gpaOf = (gfn: bigint): bigint => gfn << BigInt(PAGE_SHIFT);
export const pageOffset = (gpa: bigint): number => Number(gpa & BigInt(PAGE_BYTES - 1));

const ZEROS = new Uint8Array(PAGE_BYTES);

export interface RealMemoryState {
  readonly pages: ReadonlyMap<bigint, Uint8Array>;
  readonly next: { readonly normal: bigint; readonly secure: bigint };
  readonly free: { readonly normal: readonly bigint[]; readonly secure: readonly bigint[] };
  readonly secureInUse: number;
  readonly secureReserved: number;
}

/**
 * The real memory of a host, normal and secure, in pages of 64 KiB. A page that nobody wrote takes no room and reads as zeros.
 * The hardware's rule is kept here: only firmware, Ultravisor and SVM reach an address with the secure bit
 * (docs/reference/pef.md#privilege).
 */
export class RealMemory implements Stateful<RealMemoryState> {
  #pages = new Map<bigint, Uint8Array>();
  #next = { normal: 0x1000_0000n, secure: SECURE_BIT | 0x1000_0000n };
  #free = { normal: [] as bigint[], secure: [] as bigint[] };
  #secureInUse = 0;
  #secureReserved = 0;
  /** Pages of secure memory that the host has. */
  readonly securePages: number;
  /** Told of every write into normal memory: the hypervisor can read it from then on. */
  onNormalWrite: ((ra: bigint, bytes: Uint8Array, by: Actor) => void) | undefined;

  /** A host has 128 GiB of secure memory unless told otherwise; what nobody touches takes no room. */
  constructor(securePages = 1 << 21) {
    this.securePages = securePages;
  }

  get touchedPages(): number {
    return this.#pages.size;
  }

  get securePagesLeft(): number {
    return this.securePages - this.#secureInUse;
  }

  /** Sets pages of secure memory aside without naming them; false: so many are not left. */
  reserveSecure(pages: number): boolean {
    if (this.#secureReserved + pages > this.securePages) return false;
    this.#secureReserved += pages;
    return true;
  }

  releaseSecure(pages: number): void {
    this.#secureReserved -= pages;
  }

  /** The real address of a page that reads as zeros; null when secure memory is used up. */
  allocate(kind: 'normal' | 'secure'): bigint | null {
    if (kind === 'secure') {
      if (this.securePagesLeft === 0) return null;
      this.#secureInUse++;
    }
    const free = this.#free[kind].pop();
    if (free !== undefined) return free;
    const ra = this.#next[kind];
    this.#next[kind] = ra + BigInt(PAGE_BYTES);
    return ra;
  }

  /** Gives a page back; its contents are gone. */
  free(ra: bigint): void {
    this.#pages.delete(ra);
    if (isSecure(ra)) this.#secureInUse--;
    this.#free[isSecure(ra) ? 'secure' : 'normal'].push(ra);
  }

  /** Bytes of one page; the range must not leave the page. */
  read(ra: bigint, length: number, by: Actor): Uint8Array {
    this.#guard(ra, by);
    const offset = pageOffset(ra);
    const page = this.#pages.get(ra - BigInt(offset));
    return page ? page.slice(offset, offset + length) : new Uint8Array(length);
  }

  /** The whole page at `ra` as it is now, without a copy: for who reads it at once and changes nothing. */
  view(ra: bigint, by: Actor): Uint8Array {
    this.#guard(ra, by);
    return this.#pages.get(ra) ?? ZEROS;
  }

  write(ra: bigint, bytes: Uint8Array, by: Actor): void {
    this.#guard(ra, by);
    const offset = pageOffset(ra);
    const base = ra - BigInt(offset);
    let page = this.#pages.get(base);
    if (!page) {
      page = new Uint8Array(PAGE_BYTES);
      this.#pages.set(base, page);
    }
    page.set(bytes, offset);
    if (!isSecure(ra)) this.onNormalWrite?.(ra, bytes, by);
  }

  /** Makes `page` (64 KiB, not used by the caller any more) the contents of the page at `ra`: no copy. */
  adopt(ra: bigint, page: Uint8Array, by: Actor): void {
    this.#guard(ra, by);
    this.#pages.set(ra, page);
    if (!isSecure(ra)) this.onNormalWrite?.(ra, page, by);
  }

  /** All pages of normal memory that were touched: what the hypervisor can read at this moment. */
  *normalPages(): Generator<readonly [ra: bigint, page: Uint8Array]> {
    for (const entry of this.#pages) if (!isSecure(entry[0])) yield entry;
  }

  #guard(ra: bigint, by: Actor): void {
    if (isSecure(ra) && by !== 'ultravisor' && by !== 'svm' && by !== 'firmware') {
      throw new RangeError(`${by} reached for secure memory at ${ra.toString(16)}`); // our bug: nobody below builds such an access
    }
  }

  snapshot(): RealMemoryState {
    return structuredClone({
      pages: this.#pages,
      next: this.#next,
      free: this.#free,
      secureInUse: this.#secureInUse,
      secureReserved: this.#secureReserved,
    });
  }

  restore(state: RealMemoryState): void {
    const { pages, next, free, secureInUse, secureReserved } = structuredClone(state);
    this.#pages = new Map(pages);
    this.#next = { ...next };
    this.#free = { normal: [...free.normal], secure: [...free.secure] };
    this.#secureInUse = secureInUse;
    this.#secureReserved = secureReserved;
  }
}
