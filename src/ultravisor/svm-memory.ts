import { gfnOf, gpaOf, H, Halt, PAGE_BYTES, PAGE_SHIFT, pageOffset, type Vcpu } from '../hcall/index.ts';
import { securePage, setState } from './pages.ts';
import { frameOf, type Svm, stateOf } from './svm.ts';
import type { Ultravisor } from './ultravisor.ts';

const H_SVM_PAGE_IN = 0xef00;
const SHARED = 1;
/** How often the Ultravisor asks for a page before it gives up (open-power/ultravisor svm/svm-tss.c, core/svm_host.c). */
const PAGE_IN_TRIES = 10;

/** H_SVM_PAGE_IN of one frame; true on H_SUCCESS. */
export async function askForPage(uv: Ultravisor, svm: Svm, vcpu: Vcpu, gfn: bigint, flags: number): Promise<boolean> {
  svm.requested = gfn;
  const { r3 } = await uv.hypercall(vcpu, H_SVM_PAGE_IN, gpaOf(gfn), flags, PAGE_SHIFT);
  svm.requested = null;
  return r3 === H.SUCCESS;
}

/** Brings the pages of a range into secure memory, each once in a transition (core/pagein_track.c); false: the hypervisor refused. */
export async function fetch(uv: Ultravisor, svm: Svm, vcpu: Vcpu, gpa: bigint, length: bigint): Promise<boolean> {
  for (let gfn = gfnOf(gpa); gfn <= gfnOf(gpa + (length > 0n ? length - 1n : 0n)); gfn++) {
    if (svm.fetched.has(gfn)) continue;
    if (!(await askForPage(uv, svm, vcpu, gfn, 0))) return false;
    svm.fetched.add(gfn);
  }
  return true;
}

/** Ends the SVM: the guest asked for something that cannot be given safely (open-power/ultravisor svm/svm-rtas.c ibm,os-term). */
export function killSvm(uv: Ultravisor, svm: Svm, why: string): never {
  const place = { host: uv.host, lpid: svm.lpid };
  uv.world.bus.emit('state', 'ultravisor', { of: 'svm', from: svm.phase, to: 'ABORT', why }, { place });
  svm.phase = 'ABORT';
  throw new Halt('guest', why);
}

/** The page behind a frame for this reader; null: nothing was ever written there. */
async function backing(
  uv: Ultravisor,
  svm: Svm,
  vcpu: Vcpu,
  gfn: bigint,
  by: 'svm' | 'ultravisor',
  write: boolean,
): Promise<bigint | null> {
  for (let tries = 0; tries < PAGE_IN_TRIES; tries++) {
    const frame = svm.frames.get(gfn);
    switch (frame?.state ?? 'SECURE') {
      case 'SECURE':
      case 'PSEUDO_SHARED':
      case 'PSEUDO_SHARED_INV':
        if (!write && (frame?.secureRa ?? null) === null) return null;
        return securePage(uv, svm, gfn) ?? killSvm(uv, svm, 'no secure memory is left for the SVM');
      case 'SHARED_IMPLICIT':
      case 'SHARED_IMPLICIT_INV':
        if (by === 'svm') killSvm(uv, svm, `the SVM touched the Ultravisor's bounce page at 0x${gpaOf(gfn).toString(16)}`);
        if (frame?.hvRa) return frame.hvRa;
        await askForPage(uv, svm, vcpu, gfn, SHARED);
        break;
      case 'SHARED':
      case 'SHARED_INV':
        if (frame?.hvRa) return frame.hvRa;
        await askForPage(uv, svm, vcpu, gfn, SHARED);
        break;
      case 'PAGEDOUT':
        await askForPage(uv, svm, vcpu, gfn, 0);
        break;
      default:
        killSvm(uv, svm, `the SVM touched a frame that is changing hands: 0x${gpaOf(gfn).toString(16)}`);
    }
  }
  return killSvm(uv, svm, `the hypervisor does not give the page at 0x${gpaOf(gfn).toString(16)} back`);
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
export async function readSvm(
  uv: Ultravisor,
  svm: Svm,
  vcpu: Vcpu,
  gpa: bigint,
  length: number,
  by: 'svm' | 'ultravisor',
): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  for (const { at, size, done } of pieces(gpa, length)) {
    const ra = await backing(uv, svm, vcpu, gfnOf(at), by, false);
    if (ra !== null) out.set(uv.memory.read(ra + BigInt(pageOffset(at)), size, by), done);
  }
  return out;
}

export async function writeSvm(
  uv: Ultravisor,
  svm: Svm,
  vcpu: Vcpu,
  gpa: bigint,
  bytes: Uint8Array,
  by: 'svm' | 'ultravisor',
): Promise<void> {
  for (const { at, size, done } of pieces(gpa, bytes.length)) {
    const ra = await backing(uv, svm, vcpu, gfnOf(at), by, true);
    if (ra !== null) uv.memory.write(ra + BigInt(pageOffset(at)), bytes.subarray(done, done + size), by);
  }
}

/**
 * Shares a frame for the Ultravisor's own purposes: `SHARED_IMPLICIT` bounce page, or `PSEUDO_SHARED` (the RTAS area: the
 * hypervisor gets a page of its own, the SVM keeps its secure one). False: the hypervisor refused.
 */
export async function shareFor(
  uv: Ultravisor,
  svm: Svm,
  vcpu: Vcpu,
  gfn: bigint,
  as: 'SHARED_IMPLICIT' | 'PSEUDO_SHARED',
): Promise<boolean> {
  setState(uv, svm, gfn, 'HV_SHARING', `to become ${as}`);
  const agreed = await askForPage(uv, svm, vcpu, gfn, SHARED);
  const frame = frameOf(svm, gfn);
  if (!agreed || stateOf(svm, gfn) !== 'HV_SHARED' || frame.hvRa === null) {
    setState(uv, svm, gfn, 'SECURE', 'the hypervisor gave no page to share');
    return false;
  }
  uv.memory.write(frame.hvRa, new Uint8Array(PAGE_BYTES), 'ultravisor'); // at commit the hypervisor's page is zeroed
  setState(uv, svm, gfn, as, 'shared with the hypervisor');
  return true;
}
