import * as spec from '../../spec/index.ts';
import { H } from '../../spec/index.ts';
import { reportOnStderr } from '../devices/qemu-stderr.ts';
import { hcall } from './hcall.ts';

export const H_TPM_COMM = hcall(spec.H_TPM_COMM, async ({ world, hypervisor, partition }, input) => {
  const proxy = hypervisor.proxies.get(partition.lpid);
  if (!proxy) {
    // Before op is looked at (fixtures/observed/h_tpm_comm.json#absent-ops).
    reportOnStderr(world, { host: hypervisor.host, lpid: partition.lpid }, 'TPM proxy not available');
    return { r3: H.FUNCTION };
  }
  switch (input.op) {
    case BigInt(spec.TPM_COMM_OP.EXECUTE):
      return proxy.execute(partition, input);
    case BigInt(spec.TPM_COMM_OP.CLOSE_SESSION):
      await proxy.close();
      return { r3: H.SUCCESS };
    default:
      return { r3: H.PARAMETER };
  }
});
