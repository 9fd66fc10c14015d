import { gfnOf, gpaOf, Halt, PAGE_BYTES, pageOffset } from '../../hcall/index.ts';
import { inSlot, rangeInSlots, stateOf } from '../core/svm.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { askForSharedPage } from '../hypervisor/ask-for-page.ts';
import { reflect } from '../hypervisor/interrupts.ts';
import { killSvm } from '../hypervisor/kill-svm.ts';
import { bringBack, makeRoom, securePage } from './secure-memory.ts';

const DATA_STORAGE = 0xe00;
/** HDSISR: no translation; a store (Power ISA 3.1 Book III §7.5.3). */
const PAGE_MISSING = 0x4000_0000n;
const IS_STORE = 0x0200_0000n;
/** How often the Ultravisor asks for a page before it gives up (open-power/ultravisor svm/svm-tss.c, core/svm_host.c). */
const PAGE_IN_TRIES = 10;

/**
 * Brings the pages of a range into secure memory, each once in a transition (core/pagein_track.c). False: the range is empty or not
 * all in memory slots (then nothing is asked for), or the hypervisor refused. Frames that are shared or paged out stay as they are.
 */
export async function fetch(ctx: SvmContext, gpa: bigint, length: bigint): Promise<boolean> {
  const { svm } = ctx;
  const bytes = BigInt.asUintN(64, length);
  if (bytes === 0n) return false;
  const [first, last] = [gfnOf(gpa), gfnOf(BigInt.asUintN(64, gpa + bytes - 1n))];
  if (!rangeInSlots(svm, first, last - first + 1n)) return false;
  for (let gfn = first; gfn <= last; gfn++) {
    if (svm.fetched.has(gfn) || stateOf(svm, gfn) !== 'SECURE') continue;
    if (!(await bringBack(ctx, gfn))) return false;
    svm.fetched.add(gfn);
  }
  return true;
}

/** How often an access looks again at a frame that is changing hands before the SVM counts as stuck. */
const PATIENCE = 10_000;
const LOOK_AGAIN_NS = 1_000;

/**
 * The page behind a frame for this reader. Null: reads give zeros (nothing was ever written there, or no slot holds the address), writes
 * are lost. What the hardware would raise as a data storage interrupt is answered as in core/svm_host.c svm_e00_handle.
 */
async function backing(ctx: SvmContext, gpa: bigint, by: 'svm' | 'ultravisor', write: boolean): Promise<bigint | null> {
  const { uv, svm } = ctx;
  const gfn = gfnOf(gpa);
  if (!inSlot(svm, gpa)) return null; // MMIO: no device of a guest answers here
  for (let tries = 0, waits = 0; tries < PAGE_IN_TRIES && waits < PATIENCE; ) {
    if (uv.svm(svm.lpid) !== svm) throw new Halt('guest', 'the hypervisor ended the SVM');
    const frame = svm.frames.get(gfn);
    switch (frame?.state ?? 'SECURE') {
      case 'SECURE':
      case 'PSEUDO_SHARED':
      case 'PSEUDO_SHARED_INV':
        if (frame?.unmapped && by === 'svm')
          throw new Halt('guest', `the SVM faults for ever at 0x${gpaOf(gfn).toString(16)}: the frame's record was dropped`);
        if (!write && (frame?.secureRa ?? null) === null) return null;
        if ((frame?.secureRa ?? null) === null && !(await makeRoom(uv))) break;
        return securePage(uv, svm, gfn) ?? killSvm(ctx, 'no secure memory is left for the SVM');
      case 'SHARED_IMPLICIT':
      case 'SHARED_IMPLICIT_INV':
        if (by === 'svm') await killSvm(ctx, `the SVM touched the Ultravisor's bounce page at 0x${gpaOf(gfn).toString(16)}`);
        if (frame && frame.hvRa !== null) return frame.hvRa;
        await askForSharedPage(ctx, gfn);
        break;
      case 'SHARED':
      case 'SHARED_INV':
        if (frame && frame.hvRa !== null) return frame.hvRa;
        if (by === 'svm') await reflect(ctx, DATA_STORAGE, { ASDR: gpa, HDAR: gpa, HDSISR: PAGE_MISSING | (write ? IS_STORE : 0n) });
        else await askForSharedPage(ctx, gfn);
        break;
      case 'PAGEDOUT':
        await bringBack(ctx, gfn);
        break;
      default: {
        // Another vCPU is sharing or unsharing it: back to the SVM, which tries again.
        waits++;
        await uv.world.scheduler.turn(LOOK_AGAIN_NS);
        continue;
      }
    }
    tries++;
  }
  return killSvm(ctx, `the hypervisor does not give the page at 0x${gpaOf(gfn).toString(16)}`);
}

/** The parts of a range that lie in one page each. */
function* pieces(gpa: bigint, length: number): Generator<{ at: bigint; size: number; done: number }> {
  for (let done = 0; done < length; ) {
    const at = gpa + BigInt(done);
    const size = Math.min(PAGE_BYTES - pageOffset(at), length - done);
    yield { at, size, done };
    done += size;
  }
}

/** Memory of the SVM as it, or the Ultravisor for it, sees it; paged-out frames are brought in. */
export async function readSvm(ctx: SvmContext, gpa: bigint, length: number, by: 'svm' | 'ultravisor'): Promise<Uint8Array> {
  const { uv } = ctx;
  const out = new Uint8Array(length);
  for (const { at, size, done } of pieces(gpa, length)) {
    const ra = await backing(ctx, at, by, false);
    if (ra !== null) out.set(uv.memory.read(ra + BigInt(pageOffset(at)), size, by), done);
  }
  return out;
}

export async function writeSvm(ctx: SvmContext, gpa: bigint, bytes: Uint8Array, by: 'svm' | 'ultravisor'): Promise<void> {
  const { uv } = ctx;
  for (const { at, size, done } of pieces(gpa, bytes.length)) {
    const ra = await backing(ctx, at, by, true);
    if (ra !== null) uv.memory.write(ra + BigInt(pageOffset(at)), bytes.subarray(done, done + size), by);
  }
}
