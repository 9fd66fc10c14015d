import * as spec from '../../spec/index.ts';
import { H } from '../../spec/index.ts';
import { gfnOf, gpaOf, PAGE_SHIFT } from '../hardware/memory.ts';
import { SECURE_GUEST } from '../kvm/partition.ts';
import { pageOut, registerSlot, ultracallSucceeds } from '../kvm/secure-frames.ts';
import { type HcallContext, hcall } from './hcall.ts';

/** H_SVM_PAGE_IN flag: the page is to be shared between SVM and hypervisor. */
const PAGE_IN_SHARED = 1n;

const started = ({ partition }: HcallContext): boolean => (partition.state.secureGuest & SECURE_GUEST.INIT_START) !== 0;

export const H_SVM_PAGE_IN = hcall(spec.H_SVM_PAGE_IN, async (context, { gpa, flags, order }) => {
  const { partition } = context;
  if (!started(context)) return { r3: H.UNSUPPORTED };
  if (order !== BigInt(PAGE_SHIFT)) return { r3: H.P3 };
  if ((flags & ~PAGE_IN_SHARED) !== 0n) return { r3: H.P2 };
  if (!partition.hasRam(gpa)) return { r3: H.PARAMETER };
  const gfn = gfnOf(gpa);
  const shared = flags === PAGE_IN_SHARED;
  const before = partition.gfnState(gfn);
  if (!shared && (before === 'secure' || partition.state.pinned.has(gfn))) return { r3: H.PARAMETER };
  // A share takes a fresh normal page: what KVM kept of the secure one is dropped without a page-out.
  if (shared && before === 'secure') partition.dropFrame(gfn);
  const page = { lpid: partition.lpid, ra: partition.frame(gfn), gpa: gpaOf(gfn), flags: 0, order: PAGE_SHIFT };
  if (!(await ultracallSucceeds(context.hypervisor, spec.UV_PAGE_IN, page))) return { r3: H.PARAMETER };
  partition.setGfnState(gfn, shared ? 'shared' : 'secure');
  if (!shared) partition.dropFrame(gfn);
  return { r3: H.SUCCESS };
});

export const H_SVM_PAGE_OUT = hcall(spec.H_SVM_PAGE_OUT, async (context, { gpa, flags, order }) => {
  const { partition } = context;
  if (!started(context)) return { r3: H.UNSUPPORTED };
  if (order !== BigInt(PAGE_SHIFT)) return { r3: H.P3 };
  if (flags !== 0n) return { r3: H.P2 };
  if (!partition.hasRam(gpa)) return { r3: H.PARAMETER };
  const gfn = gfnOf(gpa);
  if (partition.gfnState(gfn) !== 'secure') return { r3: H.SUCCESS };
  return { r3: (await pageOut(context.hypervisor, partition, gfn)) ? H.SUCCESS : H.PARAMETER };
});

export const H_SVM_INIT_START = hcall(spec.H_SVM_INIT_START, async context => {
  const { partition } = context;
  // The flag is set before the tests, so a refused start can be aborted (Linux kvmppc_h_svm_init_start).
  // A second start is not refused: it overwrites the flags and registers the slots again.
  partition.state.secureGuest = SECURE_GUEST.INIT_START;
  if (context.hypervisor.memory.securePages === 0) return { r3: H.UNSUPPORTED };
  if (!partition.secureAllowed) return { r3: H.AUTHORITY };
  for (const slot of partition.state.slots) if (!(await registerSlot(context.hypervisor, partition, slot))) return { r3: H.PARAMETER };
  return { r3: H.SUCCESS };
});

export const H_SVM_INIT_DONE = hcall(spec.H_SVM_INIT_DONE, context => {
  const { partition } = context;
  if (!started(context)) return { r3: H.UNSUPPORTED };
  for (const gfn of [...partition.state.frames.keys()]) {
    if (partition.gfnState(gfn) !== 'normal') continue;
    if (partition.state.pinned.has(gfn)) return { r3: H.STATE };
    partition.setGfnState(gfn, 'secure');
    partition.dropFrame(gfn); // not copied: the SVM finds zeros there
  }
  for (const [gfn, state] of partition.state.gfnStates) if (state === 'secure') partition.state.gfnStates.delete(gfn);
  partition.state.untouched = 'secure';
  partition.state.secureGuest |= SECURE_GUEST.INIT_DONE;
  return { r3: H.SUCCESS };
});

// No test of SRR1's S bit: SRR1 holds the VM's own MSR here (docs/reference/pef.md#the-ultravisors-own-hypercalls).
export const H_SVM_INIT_ABORT = hcall(spec.H_SVM_INIT_ABORT, async context => {
  const { partition } = context;
  if (!started(context)) return { resumeGuest: H.UNSUPPORTED };
  if (partition.state.secureGuest & SECURE_GUEST.INIT_DONE) return { resumeGuest: H.STATE };
  for (const [gfn, state] of [...partition.state.gfnStates]) {
    if (state === 'secure') await pageOut(context.hypervisor, partition, gfn);
    partition.setGfnState(gfn, 'normal');
  }
  partition.state.secureGuest = 0;
  await ultracallSucceeds(context.hypervisor, spec.UV_SVM_TERMINATE, { lpid: partition.lpid });
  return { resumeGuest: H.PARAMETER };
});
