import { hcall } from '../call.ts';
import { H } from '../codes.ts';
import { r } from '../registers.ts';
import { MSR } from '../vcpu.ts';

export const H_CEDE = hcall({
  number: 0xe0,
  name: 'H_CEDE',
  provider: 'qemu',
  source: 'PAPR; QEMU hw/ppc/spapr_hcall.c h_cede',
  about: 'The vCPU has nothing to do until an interrupt comes.',
  in: {},
  out: {},
  returns: {},
  async handle({ hypervisor, partition, vcpu, fromSecure }) {
    // An SVM's MSR is the Ultravisor's business: it set EE there.
    if (!fromSecure) vcpu.regs.msr |= MSR.EE;
    await hypervisor.guestWaits(partition);
    return { r3: H.SUCCESS };
  },
});

export const H_RANDOM = hcall({
  number: 0x300,
  name: 'H_RANDOM',
  provider: 'qemu',
  source: 'PAPR; QEMU hw/ppc/spapr_rng.c',
  about: "Random bits of the host's choosing.",
  in: {},
  out: { random: r(4, 'random bits') },
  returns: {},
  handle({ hypervisor }) {
    const [random = 0n] = new BigUint64Array(hypervisor.random.bytes(8).buffer);
    return { r3: H.SUCCESS, out: { random } };
  },
});
