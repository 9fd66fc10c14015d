import { H, hName, MSR, type Registers, SYSTEM_CALL, s64, type Vcpu, zeroRegisters } from '../hcall/index.ts';
import { FATAL_HCALLS, HCALL_COUNTS } from './hcall-counts.ts';
import type { Svm } from './svm.ts';
import { killSvm } from './svm-memory.ts';
import type { Ultravisor } from './ultravisor.ts';

const H_CEDE = 0xe0;
const H_RANDOM = 0x300;
/** Status bits of SRR1 that a synthesized interrupt may set (pef.md b.5.12). */
const STATUS_BITS = 0x783f_0000n;
const HIGHEST_VECTOR = 0x2000n;
const VECTOR_ALIGNMENT = 32n;

/** `sc 1` of an SVM: the hypervisor gets the registers of the count table and nothing else (pef.md b.5). */
export async function reflectHypercall(uv: Ultravisor, vcpu: Vcpu): Promise<void> {
  const number = Number(BigInt.asUintN(53, vcpu.get(3)));
  const { bus } = uv.world;
  const name = HCALL_COUNTS.get(number)?.name ?? 'unknown hypercall';
  const place = uv.place(vcpu);
  const cause = bus.emit('hcall.call', 'svm', { number, name, issuer: 'svm', args: {} }, { place });
  await bus.within(cause, () => handle(uv, vcpu, number));
  const r3 = s64(vcpu.get(3));
  const r3Name = hName(r3);
  bus.emit(
    'hcall.return',
    'ultravisor',
    { number, name, outcome: 'returns', r3, ...(r3Name ? { r3Name } : {}), out: {} },
    { place, cause },
  );
}

async function handle(uv: Ultravisor, vcpu: Vcpu, number: number): Promise<void> {
  const svm = uv.svm(vcpu.regs.lpidr);
  if (!svm) {
    vcpu.set(3, H.HARDWARE);
    return;
  }
  if (number === H_CEDE) vcpu.regs.msr |= MSR.EE;
  if (number === H_RANDOM) {
    answerRandom(uv, vcpu);
    return;
  }
  const counts = HCALL_COUNTS.get(number);
  if (!counts) {
    uv.stop(
      FATAL_HCALLS.has(number)
        ? `an SVM made hypercall 0x${number.toString(16)}, whose register counts are -1`
        : `an SVM made hypercall 0x${number.toString(16)}, which is not in the table`,
    );
  }
  await pass(uv, svm, vcpu, counts.in, counts.out);
}

/** Never reflected: the hypervisor must not choose the guest's random numbers. */
function answerRandom(uv: Ultravisor, vcpu: Vcpu): void {
  if (uv.profile.random === 'H_FUNCTION') {
    vcpu.set(3, H.FUNCTION); // the local generator is a to-do in the published code
    return;
  }
  const [word = 0n] = new BigUint64Array(uv.random.bytes(8).buffer);
  vcpu.set(3, H.SUCCESS);
  vcpu.set(4, word);
}

async function pass(uv: Ultravisor, svm: Svm, vcpu: Vcpu, registersIn: number, registersOut: number): Promise<void> {
  const saved = vcpu.saved();
  const cookie = uv.newCookie();
  vcpu.load(frameFor(uv, saved, registersIn, cookie));
  const returned = await uv.exchange(vcpu, SYSTEM_CALL, cookie);
  vcpu.load(saved);
  if (returned.lpidr !== saved.lpidr || returned.pidr !== saved.pidr) killSvm(uv, svm, 'the hypervisor changed LPIDR or PIDR');
  vcpu.set(3, returned.r0);
  for (let n = 4; n < 3 + registersOut; n++) vcpu.set(n, returned.gpr[n] ?? 0n);
  synthesize(vcpu, returned, cookie);
}

/** What the hypervisor finds: the counted registers, one random value in the first other one, zero in all the rest. */
function frameFor(uv: Ultravisor, svm: Registers, registersIn: number, cookie: bigint): Registers {
  const frame = zeroRegisters();
  Object.assign(frame, { lpidr: svm.lpidr, pidr: svm.pidr });
  const [noise = 0n] = new BigUint64Array(uv.random.bytes(8).buffer);
  frame.gpr[0] = noise; // the published generator yields one value, then zeros
  for (let n = 3; n < 3 + registersIn; n++) frame.gpr[n] = svm.gpr[n] ?? 0n;
  uv.enterHypervisor(frame, svm.msr, cookie);
  return frame;
}

/** HSRR0 that is no longer the cookie asks for an interrupt in the SVM, if it is a vector (pef.md b.5.12). */
function synthesize(vcpu: Vcpu, { hsrr0, hsrr1, r2 }: { hsrr0: bigint; hsrr1: bigint; r2: bigint }, cookie: bigint): void {
  if (hsrr0 === cookie || hsrr0 >= HIGHEST_VECTOR || hsrr0 % VECTOR_ALIGNMENT !== 0n) return;
  vcpu.regs.srr0 = vcpu.regs.pc;
  vcpu.regs.srr1 = (vcpu.regs.msr & ~STATUS_BITS) | (r2 & STATUS_BITS);
  vcpu.regs.pc = hsrr0;
  vcpu.regs.msr = MSR.SF | MSR.S | MSR.ME | (hsrr1 & MSR.LE);
}
