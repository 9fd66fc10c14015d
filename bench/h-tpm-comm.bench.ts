import { fromHex } from '../src/bytes/index.ts';
import { H_TPM_COMM, loadCall, TPM_COMM_OP } from '../src/spec/index.ts';
import { readFdt } from '../src/svm/format/index.ts';
import { unwrapSymkey } from '../src/ultravisor/transition/unwrap.ts';
import type { Bench } from './harness.ts';
import { file, secureGuest } from './secure-guest.ts';

const BUFFER = 0x0300_0000n;
const GET_RANDOM = fromHex('80010000000c0000017b0020');

async function getRandom(): Promise<() => Promise<void>> {
  const { host } = await secureGuest('published');
  const partition = host.hypervisor.createGuest({ lpid: 2, ramBytes: 512n << 20n, tpmProxy: { hostPath: '/dev/tpmrm0' } });
  partition.write(BUFFER, GET_RANDOM, 'guest');
  const vcpu = partition.vcpus[0]!;
  return async () => {
    const buffers = { in_buffer: BUFFER, in_size: GET_RANDOM.length, out_buffer: BUFFER + 0x1_0000n, out_size: 4096 };
    loadCall(vcpu, H_TPM_COMM, { op: TPM_COMM_OP.EXECUTE, ...buffers });
    await host.hypervisor.hypercall(vcpu);
    if (vcpu.get(3) !== 0n) throw new Error(`H_TPM_COMM gave ${vcpu.get(3)}`);
  };
}

async function unwrap(profile: string): Promise<() => Promise<void>> {
  const { host, guest } = await secureGuest(profile);
  const svm = host.ultravisor.svm(1)!;
  const blob = readFdt(file('esm_blob.dtb'));
  return async () => {
    await unwrapSymkey({ uv: host.ultravisor, svm, vcpu: guest.bootVcpu }, blob);
  };
}

const [random, published, documented] = await Promise.all([getRandom(), unwrap('published'), unwrap('documented')]);

/** An unwrap may cost at most three raw private operations, all hypercalls, sessions and context swaps included. */
const limit = { times: 3, of: 'node:crypto RSA-2048 private' } as const;
export const benches: readonly Bench[] = [
  { name: 'H_TPM_COMM, TPM2_GetRandom of 32 bytes', run: random },
  { name: 'unwrap, one session each (published)', run: published, limit },
  { name: 'unwrap, session from host boot (documented)', run: documented, limit },
];
