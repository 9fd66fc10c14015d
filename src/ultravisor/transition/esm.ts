import { MSR, SECURE_BIT, SYSTEM_CALL, type Vcpu } from '../../hcall/index.ts';
import { H, H_SVM_INIT_ABORT, H_SVM_INIT_DONE, H_SVM_INIT_START, hName, loadCall, U } from '../../spec/index.ts';
import { newSvm, type Svm } from '../core/svm.ts';
import type { UltracallResult } from '../core/ultracall-result.ts';
import type { SvmContext, Ultravisor } from '../core/ultravisor.ts';
import { hypercall } from '../hypervisor/hypercall.ts';
import { makeRoom, releaseAll } from '../memory/secure-memory.ts';
import { fetch } from '../memory/svm-memory.ts';
import { checkDigests, keepFilesTree, openDigests } from './digests.ts';
import { EsmRefused } from './esm-refused.ts';
import { fetchInitrd, locateBlob } from './find-blob.ts';
import { fetchTree, type GuestTree } from './guest-tree.ts';
import { keepSymkey } from './lockbox.ts';
import { reservePages, shareRtas, writeTreeBack } from './own-pages.ts';
import { unwrapSymkey } from './unwrap.ts';

const SOURCE = 'open-power/ultravisor core/uvcall.c uv_esm_svm';

/** UV_ESM: the whole transition (docs/reference/pef.md#the-transition). */
export async function enterSecureMode(
  uv: Ultravisor,
  vcpu: Vcpu,
  kbase: bigint,
  fdt: bigint,
): Promise<UltracallResult<Record<never, never>>> {
  const refusal = entryChecks(uv, vcpu, kbase, fdt);
  if (refusal !== null) return { r3: refusal };
  const svm = newSvm(Number(vcpu.regs.lpidr), vcpu.saved());
  const ctx = { uv, svm, vcpu };
  uv.svms.set(svm.lpid, svm);
  move(uv, svm, 'none', 'ACTIVE', 'UV_ESM');
  // Page directory and bitmap of pages: without room for them the guest goes on as it was, and the record stays
  // (docs/reference/pef.md#set-up-of-uv_esm). A host without any secure memory is told by its hypervisor, at H_SVM_INIT_START.
  if (uv.memory.securePages > 0 && !(await makeRoom(uv)))
    return uv.profile.esmFailure === 'ultravisor code' ? forgetEarly(uv, svm) : 'r3 unchanged';
  try {
    const tree = await prepare(ctx, kbase, fdt);
    await commit(ctx, tree, kbase, fdt);
    return 'goes on elsewhere';
  } catch (refused) {
    if (!(refused instanceof EsmRefused)) throw refused;
    const result = await abort(ctx, refused);
    // The hypervisor may have ended it before: what was taken since belongs to nobody.
    if (uv.svm(svm.lpid) !== svm) releaseAll(uv, svm);
    return result;
  }
}

/** The tests before anything is made, in the order of syscall_ultracall_esm_svm (docs/reference/pef.md#entry-checks-of-uv_esm). */
function entryChecks(uv: Ultravisor, vcpu: Vcpu, kbase: bigint, fdt: bigint): number | null {
  const [badKbase, badFdt] = uv.profile.esmZeroArguments === 'U_P2, U_P3' ? [U.P2, U.P3] : [U.PARAMETER, U.P2];
  if (kbase === 0n) return badKbase;
  if (fdt === 0n) return badFdt;
  if (vcpu.regs.lpidr === 0n) return U.PERMISSION;
  const known = uv.svm(vcpu.regs.lpidr);
  if (!known) return null;
  return known.phase === 'SECURE' && vcpu.has(MSR.S) && uv.profile.esmWhenSecure === 'U_SUCCESS' ? U.SUCCESS : U.RETRY;
}

/** The document's way: no memory, and nothing is left of the attempt. */
function forgetEarly(uv: Ultravisor, svm: Svm): { readonly r3: number } {
  uv.svms.delete(svm.lpid);
  move(uv, svm, 'ACTIVE', 'none', 'no memory');
  return { r3: U.RETRY };
}

/** Everything up to the last measurement; throws {@link EsmRefused}. */
async function prepare(ctx: SvmContext, kbase: bigint, fdt: bigint): Promise<GuestTree> {
  const { uv, vcpu } = ctx;
  const { r3 } = await hypercall(uv, vcpu, H_SVM_INIT_START, {});
  if (r3 !== H.SUCCESS) throw new EsmRefused(U.FUNCTION, 'init-start', `H_SVM_INIT_START gave ${hName(r3) ?? r3}`, SOURCE);
  const tree = await fetchTree(ctx, fdt);
  await reservePages(ctx, tree);
  try {
    await checkBlob(ctx, tree, kbase);
  } catch (refused) {
    if (!(refused instanceof EsmRefused) || uv.profile.digestMismatch === 'refused') throw refused;
    await goOnAllTheSame(ctx, refused);
  }
  return tree;
}

/** All that the owner's blob vouches for, in the order of the published code (svm/svm-esm.c svm_esm_blob_chk). */
async function checkBlob(ctx: SvmContext, tree: GuestTree, kbase: bigint): Promise<void> {
  const rtas = await shareRtas(ctx, tree);
  const initrd = await fetchInitrd(ctx, tree);
  const bootargs = tree.value('/chosen', 'bootargs');
  const found = await locateBlob(ctx, tree, initrd);
  await keepFilesTree(ctx, found.blob);
  const symkey = await unwrapSymkey(ctx, found.blob);
  await keepSymkey(ctx, symkey);
  const digests = await openDigests(ctx, symkey, found.blob);
  await checkDigests(ctx, digests, { rtas, initrd: found.initrd, bootargs, kbase }, tree);
}

/** The build with ESM_BLOB_CHK_WARN_ONLY: every page of every slot is brought in, and the VM goes secure (core/uvcall.c uv_esm_svm). */
async function goOnAllTheSame(ctx: SvmContext, refused: EsmRefused): Promise<void> {
  const { uv, svm } = ctx;
  recordRefusal(ctx, refused);
  uv.note(`${refused.why} (warn-only build: the VM goes secure all the same)`, svm.lpid);
  for (const { gpa, bytes } of [...svm.slots.values()].sort((a, b) => (a.gpa > b.gpa ? -1 : 1)))
    if (!(await fetch(ctx, gpa, bytes))) throw new EsmRefused(U.RETRY, 'page-in', 'the hypervisor does not give all of the guest', SOURCE);
}

function recordRefusal({ uv, vcpu }: SvmContext, refused: EsmRefused): void {
  if (refused.recorded) return;
  const { check: name, why: detail, source } = refused;
  uv.world.bus.emit('check', 'ultravisor', { name, ok: false, detail, source }, { place: uv.place(vcpu) });
}

/** The point of no return: INIT_DONE, then the kernel is started again from its base (docs/reference/pef.md#end-of-the-transition). */
async function commit(ctx: SvmContext, tree: GuestTree, kbase: bigint, fdt: bigint): Promise<void> {
  const { uv, svm, vcpu } = ctx;
  const { r3 } = await hypercall(uv, vcpu, H_SVM_INIT_DONE, {});
  if (r3 !== H.SUCCESS) throw new EsmRefused(U.FUNCTION, 'init-done', `H_SVM_INIT_DONE gave ${hName(r3) ?? r3}`, SOURCE);
  if (uv.svm(svm.lpid) !== svm) throw new EsmRefused(U.FUNCTION, 'terminated', 'the hypervisor ended the SVM while it was made', SOURCE);
  if (tree.bootCpu >= svm.maxVcpus) {
    throw new EsmRefused(U.P2, 'boot-cpu', `boot_cpuid_phys ${tree.bootCpu} of ${svm.maxVcpus} processors`, SOURCE);
  }
  move(uv, svm, 'ACTIVE', 'SECURE', 'measured, and the hypervisor confirmed');
  svm.phase = 'SECURE';
  // From here on the hardware walks the Ultravisor's page table for this partition (core/svm_host.c svm_esm_commit).
  const dw1 = uv.hardware.partitionTable.get(svm.lpid)?.dw1 ?? 0n;
  uv.hardware.partitionTable.set(svm.lpid, { dw0: SECURE_BIT | (BigInt(svm.lpid) << 16n), dw1 });
  await writeTreeBack(ctx, tree, fdt);
  svm.fetched.clear();
  vcpu.regs.msr = (svm.caller.msr | MSR.S) & ~(MSR.HV | MSR.EE);
  vcpu.regs.pc = kbase;
  vcpu.set(3, fdt);
  vcpu.set(4, kbase);
  vcpu.set(5, 0);
}

/** Table e.9: state ABORT, H_SVM_INIT_ABORT with the guest's registers; control comes to the guest, not back here. */
async function abort(ctx: SvmContext, refused: EsmRefused): Promise<UltracallResult<Record<never, never>>> {
  const { uv, svm, vcpu } = ctx;
  recordRefusal(ctx, refused);
  move(uv, svm, svm.phase, 'ABORT', refused.why);
  svm.phase = 'ABORT';
  const { caller } = svm;
  vcpu.load(caller);
  Object.assign(vcpu.regs, { srr0: caller.pc, srr1: caller.msr, hsrr0: caller.pc, hsrr1: caller.msr });
  vcpu.regs.msr = MSR.SF | MSR.HV | MSR.ME | (caller.msr & MSR.LE);
  loadCall(vcpu, H_SVM_INIT_ABORT, {});
  await uv.hypervisor.interrupt(vcpu, SYSTEM_CALL);
  if (vcpu.has(MSR.HV)) uv.stop('the hypervisor did not resume the guest after H_SVM_INIT_ABORT');
  return uv.profile.esmFailure === 'ultravisor code' ? { r3: refused.code } : 'goes on elsewhere';
}

function move(uv: Ultravisor, svm: Svm, from: string, to: string, why: string): void {
  uv.world.bus.emit('state', 'ultravisor', { of: 'svm', from, to, why }, { place: { host: uv.host, lpid: svm.lpid } });
}
