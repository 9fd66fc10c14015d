import { hypercall } from '../hypercall.ts';
import { r } from '../registers.ts';

export const H_CEDE = hypercall({
  number: 0xe0,
  name: 'H_CEDE',
  provider: 'qemu',
  counts: { in: 1, out: 1 },
  source: 'PAPR; QEMU hw/ppc/spapr_hcall.c h_cede',
  about: 'The vCPU has nothing to do until an interrupt comes.',
  in: {},
  out: {},
  returns: {},
});

export const H_RANDOM = hypercall({
  number: 0x300,
  name: 'H_RANDOM',
  provider: 'qemu',
  counts: { in: 2, out: 2 },
  source: 'PAPR; QEMU hw/ppc/spapr_rng.c',
  about: "Random bits of the host's choosing.",
  in: {},
  out: { random: r(4, 'random bits') },
  returns: {},
});
