import { gfnOf, gpaOf, isSecure, MSR, PAGE_SHIFT, SECURE_BIT } from '../../../hcall/index.ts';
import {
  type RegisterUses,
  type UltracallSignature,
  UV_PAGE_IN,
  UV_PAGE_INVAL,
  UV_PAGE_OUT,
  UV_SHARE_PAGE,
  UV_UNSHARE_ALL_PAGES,
  UV_UNSHARE_PAGE,
} from '../../../spec/index.ts';
import { GPF_STATES, type Svm, ultracalls } from '../../../ultravisor/index.ts';
import { Differences } from '../../played-case.ts';
import { compareHypercalls, compareOutcome } from './play-esm.ts';
import { LPID, type PlayedMachine } from './played-machine.ts';
import type { Recorded } from './recording-set.ts';
import type { PageCallCase, PageTableCase } from './ultravisor-recording.ts';

/** Where the recorded guest shares from, and the frame that it shares. */
const CALLER_PC = 0x0210_0000n;
const FRAME = 0x300n;
const RTAS = 0x100n;
const REFUSED = -4;
const SVM_CALLS: Readonly<Record<string, UltracallSignature<RegisterUses>>> = {
  share: UV_SHARE_PAGE,
  unshare: UV_UNSHARE_PAGE,
  unshare_all: UV_UNSHARE_ALL_PAGES,
};

const svmOf = (machine: PlayedMachine): Svm => {
  const svm = machine.uv.svm(LPID);
  if (!svm) throw new RangeError('the guest of the recording did not become secure');
  return svm;
};

/** A call of the SVM kernel on frames. */
async function svmCall(machine: PlayedMachine, op: string, gfn: bigint, count: bigint): ReturnType<PlayedMachine['sc2']> {
  const call = SVM_CALLS[op];
  if (!call) throw new RangeError(`no operation "${op}" is known`);
  const { vcpu } = machine;
  machine.host.seen.length = 0;
  machine.arrange(call.number, op === 'unshare_all' ? [0x6004n, 0x6005n] : [gfn, count], vcpu.regs.msr, CALLER_PC);
  return machine.sc2();
}

/** Puts a frame into a state: by the calls that lead there, or, where another processor is in the middle of one, as it then stands. */
async function putInState(machine: PlayedMachine, state: number): Promise<bigint> {
  const svm = svmOf(machine);
  const { hypervisor, partition } = machine;
  const inval = (gfn: bigint) => hypervisor.ultracall(UV_PAGE_INVAL, { lpid: LPID, gpa: gpaOf(gfn), order: PAGE_SHIFT });
  const name = GPF_STATES[state];
  if (name === 'SHARED_IMPLICIT' || name === 'SHARED_IMPLICIT_INV') {
    const gfn = gfnOf(svm.reserved?.tpmBounce ?? 0n);
    if (name === 'SHARED_IMPLICIT_INV') await inval(gfn);
    return gfn;
  }
  if (name === 'PSEUDO_SHARED' || name === 'PSEUDO_SHARED_INV') {
    if (name === 'PSEUDO_SHARED_INV') await inval(RTAS);
    return RTAS;
  }
  if (name === 'SECURE') return FRAME;
  if (name === 'PAGEDOUT') {
    await hypervisor.hostRead(partition, gpaOf(FRAME), 1);
    return FRAME;
  }
  await svmCall(machine, 'share', FRAME, 1n);
  if (name === 'SHARED') return FRAME;
  await inval(FRAME);
  const frame = svm.frames.get(FRAME);
  if (frame && name !== undefined && name !== 'SHARED_INV') frame.state = name;
  return FRAME;
}

/** State and operation: result, and the state afterwards. */
export async function playPageTable(recorded: Recorded, one: PageTableCase): Promise<Differences> {
  const differences = new Differences();
  const machine = await recorded.secured();
  const gfn = await putInState(machine, one.state);
  machine.host.seen.length = 0;
  const op = one.op.replace('_refused', '');
  if (op !== one.op) machine.host.answer = (_call, name) => (name === 'H_SVM_PAGE_IN' ? { r3: REFUSED } : null);
  if (op in SVM_CALLS) {
    const outcome = await svmCall(machine, op, gfn, 1n);
    compareOutcome(differences, 'result', one.result, outcome);
    compareHypercalls(differences, 'result.hcalls', one.result.hcalls ?? [], machine.host.seen);
  } else if (op === 'e00' || op === 'e20') {
    const { vcpu } = machine;
    for (let n = 0; n < 32; n++) vcpu.set(n, 0x7000 + n);
    Object.assign(vcpu.regs, { pc: CALLER_PC + 4n });
    const outcome = await machine.ended(() => machine.interrupt(op === 'e00' ? 0xe00 : 0xe20, gpaOf(gfn)));
    compareOutcome(differences, 'result', one.result, outcome);
    compareHypercalls(differences, 'result.hcalls', one.result.hcalls ?? [], machine.host.seen);
  } else {
    const ra = op === 'page_in_other' ? (machine.memory.allocate('normal') ?? 0n) : machine.partition.frame(gfn);
    const page = { lpid: LPID, ra, gpa: gpaOf(gfn), flags: 0, order: PAGE_SHIFT };
    const call = { page_in: UV_PAGE_IN, page_in_other: UV_PAGE_IN, page_out: UV_PAGE_OUT }[op];
    const { r3 } = call
      ? await machine.hypervisor.ultracall(call, page)
      : await machine.hypervisor.ultracall(UV_PAGE_INVAL, { lpid: LPID, gpa: gpaOf(gfn), order: PAGE_SHIFT });
    differences.compare('result.r3', one.result.r3 ?? 0, Number(BigInt.asIntN(64, r3)));
  }
  const { next } = one;
  const state = svmOf(machine).frames.get(gfn)?.state ?? 'SECURE';
  if (next !== null) differences.compare('next', GPF_STATES[next] ?? 'none', state);
  return differences;
}

/** Who makes a call, by the first words of a case's name. */
const CALLERS: Readonly<Record<string, bigint>> = {
  hv: MSR.SF | MSR.HV | MSR.ME,
  'hv-pr': MSR.SF | MSR.HV | MSR.ME | MSR.PR,
  svm: MSR.SF | MSR.ME | MSR.S,
  'svm-user': MSR.SF | MSR.ME | MSR.S | MSR.PR,
  notsecure: MSR.SF | MSR.ME,
};

/** A call with wrong arguments, or of a wrong caller, or of several frames; null: a case that is not told by its name and data alone. */
export async function playPageCall(recorded: Recorded, one: PageCallCase): Promise<Differences | null> {
  const { id, result } = one;
  if (result?.r3 === undefined || one.about?.includes('of the page that went out')) return null;
  const differences = new Differences();
  const [, caller, called] = /^(hv|hv-pr|svm|svm-user|notsecure)-calls-(UV_\w+)$/.exec(id) ?? [];
  const number = /^ultracall-([0-9a-f]+)$/.exec(id)?.[1];
  const shares = /^(share|unshare)-(4|0|outside|many|with-implicit)$/.exec(id)?.[1];
  const byName = (name: string): number => [...ultracalls.values()].find(call => call.name === name)?.number ?? 0;
  const { args } = one;
  const fits = (args && one.call) || called !== undefined || number !== undefined || shares !== undefined;
  if (!fits) return null;
  const machine = await recorded.secured();
  const compareR3 = (r3: bigint | undefined): void => differences.compare('result.r3', result.r3 ?? 0, Number(BigInt.asIntN(64, r3 ?? 0n)));
  if (args && one.call) {
    const gpa = args.gpa === 'outside' ? 0x800_0000n : gpaOf(FRAME);
    const frame = machine.partition.frame(FRAME);
    const ra = args.ra === '0' ? 0n : args.ra === 'secure' ? frame | SECURE_BIT : frame;
    if (args.ra === 'secure' && !isSecure(ra)) throw new RangeError('no secure address');
    const lpid = args.lpid === 'unknown' ? 50 : LPID;
    const order = Number(args.order ?? PAGE_SHIFT);
    const given = one.call === 'UV_PAGE_INVAL' ? [lpid, gpa, order] : [lpid, ra, gpa, Number(args.flags ?? 0), order];
    compareR3((await machine.hypervisor.anyUltracall(byName(one.call), ...given))[0]);
  } else if (shares !== undefined) {
    const [gfn, count] = [BigInt(result.r4 ?? '0'), BigInt(result.r5 ?? '0')];
    compareOutcome(differences, 'result', result, await svmCall(machine, shares, gfn, count));
    compareHypercalls(differences, 'result.hcalls', result.hcalls ?? [], machine.host.seen);
    const next = Array.isArray(one.next) ? (one.next as readonly number[]) : [];
    const states = next.map((_, i) => GPF_STATES.indexOf(svmOf(machine).frames.get(gfn + BigInt(i))?.state ?? 'SECURE'));
    differences.compare('next', next.join(' '), states.join(' '));
  } else {
    const msr = CALLERS[caller ?? 'hv'] ?? 0n;
    machine.arrange(called === undefined ? Number.parseInt(number ?? '0', 16) : byName(called), [1n, 0n, 0n], msr);
    const outcome = await machine.sc2();
    differences.compare('result.r3', result.r3, outcome.r3 ?? 'none');
  }
  return differences;
}
