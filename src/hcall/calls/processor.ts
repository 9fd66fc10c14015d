import * as spec from '../../spec/index.ts';
import { H } from '../../spec/index.ts';
import { MSR } from '../hardware/vcpu.ts';
import { hcall } from './hcall.ts';

export const H_CEDE = hcall(spec.H_CEDE, async ({ hypervisor, partition, vcpu, fromSecure }) => {
  // An SVM's MSR is the Ultravisor's business: it set EE there.
  if (!fromSecure) vcpu.regs.msr |= MSR.EE;
  await hypervisor.guestWaits(partition);
  return { r3: H.SUCCESS };
});

export const H_RANDOM = hcall(spec.H_RANDOM, ({ hypervisor }) => ({ r3: H.SUCCESS, out: { random: hypervisor.random.word64() } }));
