import { hex } from '../../../bytes/index.ts';
import { reflectHypercall } from '../../../ultravisor/index.ts';
import { Differences } from '../../played-case.ts';
import { compareFrame } from './compare-registers.ts';
import { compareOutcome } from './play-esm.ts';
import type { Recorded } from './recording-set.ts';
import type { ReflectionCase } from './ultravisor-recording.ts';

const CALLER_PC = 0x0220_0000n;
const CALLER_MSR = 0x8000_0000_0040_9000n;
const PROBLEM_STATE_MSR = 0x8000_0000_0040_5000n;
const INTERRUPTED_MSR = 0x8000_0000_0040_1000n;
/** Registers of the recorded SVM before a hypercall. */
const before = (n: number): bigint => 0x9000_0000_0000_0000n | (0x0101_0101n * BigInt(n));

/** A hypercall or an interrupt of an SVM. Null: a system call of its own kernel, which no firmware sees. */
export async function playReflection(recorded: Recorded, one: ReflectionCase): Promise<Differences | null> {
  if (one.how === 'sc 0') return null;
  const differences = new Differences();
  const machine = await recorded.secured();
  const { vcpu, host } = machine;
  host.seen.length = 0;
  if (one.vector !== undefined) {
    for (let n = 0; n < 32; n++) vcpu.set(n, 0x4000 + n);
    Object.assign(vcpu.regs, { pc: CALLER_PC, msr: INTERRUPTED_MSR });
    compareOutcome(differences, 'outcome', one.outcome, await machine.ended(() => machine.interrupt(Number(one.vector), 0n)));
    return differences;
  }
  const { answer } = one;
  if (answer) {
    host.answer = call => {
      for (const [i, value] of answer.out.entries()) call.vcpu.set(4 + i, BigInt(value));
      return { r3: answer.r3 };
    };
  } else host.answer = () => ({ r3: 0 });
  const problemState = one.how !== undefined;
  for (let n = 0; n < 32; n++) vcpu.set(n, problemState ? 0n : before(n));
  vcpu.set(3, BigInt(one.number ?? '0'));
  const msr = problemState ? PROBLEM_STATE_MSR : CALLER_MSR;
  Object.assign(vcpu.regs, { pc: CALLER_PC, msr, cr: 0x1234_5678n, xer: 0x2000_0000n, ctr: 0xabcn, lr: 0xdefn, pidr: 0x55n });
  const outcome = await machine.ended(() => reflectHypercall(machine.uv, vcpu));
  if (problemState) {
    differences.compare('outcome.how', one.outcome.how, outcome.how);
    return differences;
  }
  compareOutcome(differences, 'outcome', one.outcome, outcome);
  const [seen] = host.seen;
  if (one.hvSees && seen) compareFrame(differences, 'hvSees', one.hvSees, seen.frame);
  for (const [n, value] of (one.svmGets ?? []).entries()) differences.compare(`svmGets[${n}]`, value, hex(vcpu.get(n)));
  const others = { cr: vcpu.regs.cr, xer: vcpu.regs.xer, ctr: vcpu.regs.ctr, lr: vcpu.regs.lr };
  for (const [name, value] of Object.entries(others)) {
    const expected = one.svmOther?.[name];
    if (expected !== undefined) differences.compare(`svmOther.${name}`, expected, hex(value));
  }
  return differences;
}
