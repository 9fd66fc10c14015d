import { hypercall } from '../hypercall.ts';
import { r } from '../registers.ts';

/** What `op` of H_TPM_COMM can ask for. */
export const TPM_COMM_OP = { EXECUTE: 1, CLOSE_SESSION: 2 } as const;
/** The largest command that H_TPM_COMM takes, and the smallest room for a response (QEMU hw/ppc/spapr_tpm_proxy.c TPM_SPAPR_BUFSIZE). */
export const TPM_COMM_BYTES = 4096;

export const H_TPM_COMM = hypercall({
  number: 0xef10,
  name: 'H_TPM_COMM',
  provider: 'qemu',
  source: 'QEMU hw/ppc/spapr_tpm_proxy.c, docs/specs/ppc-spapr-uv-hcalls.rst',
  about: "Passes a TPM command to the host's TPM through spapr-tpm-proxy, or ends the session with it.",
  in: {
    op: r(4, TPM_COMM_OP),
    in_buffer: r(5, 'gpa'),
    in_size: r(6, 'bytes'),
    out_buffer: r(7, 'gpa'),
    out_size: r(8, 'bytes'),
  },
  out: { size: r(4, 'bytes') }, // written on a successful EXECUTE only
  returns: {
    H_PRIVILEGE: 'called from problem state',
    H_FUNCTION: 'the machine has no spapr-tpm-proxy',
    H_PARAMETER: 'op is neither EXECUTE nor CLOSE_SESSION',
    H_P2: 'in_buffer is not all in RAM; in mode `strict` only: the real QEMU reads zeros there',
    H_P3: 'in_size > 4096',
    H_P4: 'out_buffer is not all in RAM; in mode `strict` only: what the real QEMU writes there is lost',
    H_P5: 'out_size < 4096',
    H_RESOURCE: 'host-path cannot be opened, written or read',
  },
});
