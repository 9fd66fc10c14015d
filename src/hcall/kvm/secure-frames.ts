import {
  type CallInput,
  type CallResults,
  type RegisterUses,
  type UltracallSignature,
  UV_PAGE_IN,
  UV_PAGE_INVAL,
  UV_PAGE_OUT,
  UV_REGISTER_MEM_SLOT,
  UV_UNREGISTER_MEM_SLOT,
} from '../../spec/index.ts';
import { gfnOf, gpaOf, PAGE_BYTES, PAGE_SHIFT, pageOffset } from '../hardware/memory.ts';
import { type MemSlot, type Partition, SECURE_GUEST } from './partition.ts';

/** Who makes ultracalls of its own: the hypervisor. */
export interface UltracallIssuer {
  ultracall<I extends RegisterUses, O extends RegisterUses>(call: UltracallSignature<I, O>, input: CallInput<I>): Promise<CallResults<O>>;
}

/** An ultracall about a guest; true on U_SUCCESS. */
export async function ultracallSucceeds<I extends RegisterUses>(
  hypervisor: UltracallIssuer,
  call: UltracallSignature<I>,
  input: CallInput<I>,
): Promise<boolean> {
  const { r3 } = await hypervisor.ultracall(call, input);
  return r3 === 0n;
}

/** KVM's page_out: a normal page takes what the Ultravisor gives for the frame (ciphertext; nothing at all in ABORT). */
export async function pageOut(hypervisor: UltracallIssuer, partition: Partition, gfn: bigint): Promise<boolean> {
  const ra = partition.frame(gfn);
  if (!(await ultracallSucceeds(hypervisor, UV_PAGE_OUT, { lpid: partition.lpid, ra, gpa: gpaOf(gfn), flags: 0, order: PAGE_SHIFT })))
    return false;
  partition.setGfnState(gfn, 'paged-out');
  return true;
}

/** Before the host (QEMU, a device) touches guest memory: secure frames of the range go out (Linux kvmppc_uvmem_migrate_to_ram). */
export async function bringToHost(hypervisor: UltracallIssuer, partition: Partition, gpa: bigint, length: number): Promise<void> {
  for (let gfn = gfnOf(gpa); gfn <= gfnOf(gpa + BigInt(Math.max(length, 1) - 1)); gfn++) {
    if (partition.hasRam(gpaOf(gfn)) && partition.gfnState(gfn) === 'secure') await pageOut(hypervisor, partition, gfn);
  }
}

/** KVM's page fault of an SVM: a shared frame without a page gets one (Linux kvmppc_book3s_radix_page_fault, kvmppc_send_page_to_uv). */
export async function secureGuestFault(hypervisor: UltracallIssuer, partition: Partition, gpa: bigint): Promise<void> {
  if (!partition.hasRam(gpa) || (partition.state.secureGuest & SECURE_GUEST.INIT_START) === 0) return;
  const gfn = gfnOf(gpa);
  if (partition.gfnState(gfn) !== 'shared') return;
  await hypervisor.ultracall(UV_PAGE_IN, { lpid: partition.lpid, ra: partition.frame(gfn), gpa: gpaOf(gfn), flags: 0, order: PAGE_SHIFT });
}

/** The host takes the page behind a shared frame away for a while (an MMU notifier: swap, migration of the page). */
export async function invalidateShared(hypervisor: UltracallIssuer, partition: Partition, gfn: bigint): Promise<void> {
  if (partition.gfnState(gfn) === 'shared')
    await hypervisor.ultracall(UV_PAGE_INVAL, { lpid: partition.lpid, gpa: gpaOf(gfn), order: PAGE_SHIFT });
}

/** Tells the Ultravisor of a memory slot; false: it refused. */
export const registerSlot = (hypervisor: UltracallIssuer, { lpid }: Partition, { slotid, gpa, bytes }: MemSlot): Promise<boolean> =>
  ultracallSucceeds(hypervisor, UV_REGISTER_MEM_SLOT, { lpid, start: gpa, size: bytes, flags: 0, slotid });

/** Memory hot-plug: a new slot; of a secure guest it is registered with the Ultravisor. False: refused, and not there. */
export async function plugMemory(hypervisor: UltracallIssuer, partition: Partition, slot: MemSlot): Promise<boolean> {
  const overlaps = partition.state.slots.some(
    other => other.slotid === slot.slotid || (slot.gpa < other.gpa + other.bytes && other.gpa < slot.gpa + slot.bytes),
  );
  if (overlaps || pageOffset(slot.gpa) !== 0 || slot.bytes % BigInt(PAGE_BYTES) !== 0n) return false;
  const secure = (partition.state.secureGuest & SECURE_GUEST.INIT_START) !== 0;
  if (secure && !(await registerSlot(hypervisor, partition, slot))) return false;
  partition.state.slots.push({ ...slot });
  return true;
}

/** Takes a slot that was plugged in away again, with all that is in it. */
export async function unplugMemory(hypervisor: UltracallIssuer, partition: Partition, slotid: number): Promise<boolean> {
  const slot = partition.state.slots.find(each => each.slotid === slotid);
  if (!slot || slotid === 0) return false;
  const inside = (gfn: bigint): boolean => gpaOf(gfn) >= slot.gpa && gpaOf(gfn) < slot.gpa + slot.bytes;
  if (partition.state.secureGuest !== 0) await hypervisor.ultracall(UV_UNREGISTER_MEM_SLOT, { lpid: partition.lpid, slotid });
  for (const gfn of [...partition.state.frames.keys()]) if (inside(gfn)) partition.dropFrame(gfn);
  for (const gfn of [...partition.state.gfnStates.keys()]) if (inside(gfn)) partition.state.gfnStates.delete(gfn);
  partition.state.slots = partition.state.slots.filter(each => each !== slot);
  return true;
}
