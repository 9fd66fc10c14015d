import { hcall } from '../call.ts';
import { H } from '../codes.ts';
import { reportOnStderr } from '../devices/qemu-stderr.ts';
import { r } from '../registers.ts';

const EXECUTE = 1;
const CLOSE_SESSION = 2;

export const H_TPM_COMM = hcall({
  number: 0xef10,
  name: 'H_TPM_COMM',
  provider: 'qemu',
  source: 'QEMU hw/ppc/spapr_tpm_proxy.c, docs/specs/ppc-spapr-uv-hcalls.txt',
  about: "Passes a TPM command to the host's TPM through spapr-tpm-proxy, or ends the session with it.",
  in: {
    op: r(4, { EXECUTE, CLOSE_SESSION }),
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
  async handle({ world, hypervisor, partition }, input) {
    const proxy = hypervisor.proxies.get(partition.lpid);
    if (!proxy) {
      // Before op is looked at (h_tpm_comm.json absent-ops).
      reportOnStderr(world, { host: hypervisor.host, lpid: partition.lpid }, 'TPM proxy not available');
      return { r3: H.FUNCTION };
    }
    switch (input.op) {
      case BigInt(EXECUTE):
        return proxy.execute(partition, input);
      case BigInt(CLOSE_SESSION):
        await proxy.close();
        return { r3: H.SUCCESS };
      default:
        return { r3: H.PARAMETER };
    }
  },
});
