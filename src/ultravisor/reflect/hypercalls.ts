import { MSR, SYSTEM_CALL, type Vcpu } from '../../hcall/index.ts';
import { FATAL_HCALLS, H, H_CEDE, H_RANDOM, H_RTAS, HCALL_COUNTS, hName, s64 } from '../../spec/index.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { pass, synthesize } from '../hypervisor/interrupts.ts';
import { refreshSession } from '../transition/session-refresh.ts';
import { reflectRtas } from './rtas.ts';

/** `sc 1` of an SVM: the hypervisor gets the registers of the count table and nothing else (docs/reference/pef.md#reflected-hypercalls). */
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
  const ctx = { uv, svm, vcpu };
  if (number === H_CEDE.number) {
    vcpu.regs.msr |= MSR.EE;
    await refreshSession(ctx);
  }
  if (number === H_RANDOM.number) return answerRandom(uv, vcpu);
  const problemState = vcpu.has(MSR.PR); // the hypervisor refuses it, whatever it asks for
  if (number === H_RTAS.number && !problemState) return reflectRtas(ctx);
  const counts = HCALL_COUNTS.get(number);
  if (!counts) {
    uv.assertionFailed(
      FATAL_HCALLS.has(number)
        ? `an SVM made hypercall 0x${number.toString(16)}, whose register counts are -1`
        : `an SVM made hypercall 0x${number.toString(16)}, which is not in the table`,
    );
    vcpu.set(3, H.FUNCTION);
    return;
  }
  const saved = vcpu.saved();
  const returned = await pass(ctx, SYSTEM_CALL, counts.in, number === H_CEDE.number);
  if (!returned.inTransaction) {
    vcpu.set(3, returned.r0);
    for (let n = 4; n < 3 + counts.out; n++) vcpu.set(n, returned.gpr[n] ?? saved.gpr[n] ?? 0n);
  }
  synthesize(vcpu, SYSTEM_CALL, returned);
}

/** Never reflected: the hypervisor must not choose the guest's random numbers. */
function answerRandom(uv: Ultravisor, vcpu: Vcpu): void {
  if (uv.profile.random === 'H_FUNCTION') {
    vcpu.set(3, H.FUNCTION); // the local generator is a to-do in the published code
    return;
  }
  vcpu.set(3, H.SUCCESS);
  vcpu.set(4, uv.random.word64());
}
