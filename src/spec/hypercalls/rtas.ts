import { hypercall } from '../hypercall.ts';
import { r } from '../registers.ts';

export const H_RTAS = hypercall({
  number: 0xf000,
  name: 'H_RTAS',
  provider: 'qemu',
  counts: { in: 2, out: 2 },
  source: 'QEMU hw/ppc/spapr_hcall.c h_rtas, hw/ppc/spapr_rtas.c',
  about: 'Runs a service of RTAS: the block at r4 holds token, counts, arguments and results, 32 bits each.',
  in: { block: r(4, 'gpa') },
  out: {},
  returns: { H_PARAMETER: 'the block is not in RAM, counts more than 16 arguments and results, or names no service' },
});
