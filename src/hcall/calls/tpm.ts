import { hcall } from '../call.ts';
import { H } from '../codes.ts';
import { r } from '../registers.ts';

export const H_TPM_COMM = hcall({
  number: 0xef10,
  name: 'H_TPM_COMM',
  provider: 'qemu',
  source: 'QEMU hw/ppc/spapr_tpm_proxy.c, docs/specs/ppc-spapr-uv-hcalls.txt',
  about: "Passes a TPM command to the host's TPM through spapr-tpm-proxy, or ends the session with it.",
  in: { op: r(4, { EXECUTE: 1, CLOSE_SESSION: 2 }), in_buffer: r(5, 'gpa'), in_size: r(6, 'bytes'), out_buffer: r(7, 'gpa'), out_size: r(8, 'bytes') },
  out: { size: r(4, 'bytes') },
  returns: { H_FUNCTION: 'the machine has no spapr-tpm-proxy' },
  handle: () => ({ r3: H.FUNCTION }),
});
