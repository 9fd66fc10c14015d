import { readFileSync } from 'node:fs';
import { fromHex } from '../src/bytes/index.ts';
import { Machine } from '../src/machine/index.ts';
import { createWorld } from '../src/sim/index.ts';
import { readFdt } from '../src/svm/format/index.ts';
import { unwrapSymkey } from '../src/ultravisor/unwrap.ts';
import type { Bench } from './harness.ts';

const folder = new URL('../fixtures/observed/esm/02-three-recipients/', import.meta.url);
const file = (name: string): Uint8Array => Uint8Array.from(readFileSync(new URL(name, folder)));
const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

const H_TPM_COMM = 0xef10;
const EXECUTE = 1;
const BUFFER = 0x0300_0000n;
const GET_RANDOM = fromHex('80010000000c0000017b0020');

async function secureGuest(profile: string) {
  const machine = await Machine.create(createWorld(1), [
    { name: 'host', tpm: 'embedded', profile, wrappingKey: { pem: text('tpm1.pem') } },
  ]);
  const host = machine.host('host');
  await host.boot();
  const guest = host.createGuest({
    name: 'vm',
    lpid: 1,
    ramBytes: 512n << 20n,
    kernel: file('kernel.bin'),
    initrd: file('initrd.img'),
    bootargs: text('bootargs.txt'),
    rtas: file('rtas.bin'),
    esmBlob: file('esm_blob.dtb'),
  });
  await guest.start();
  const outcome = await guest.enterSecureMode();
  if (!('secure' in outcome && outcome.secure)) throw new Error('the guest did not become secure');
  return { host, guest };
}

async function getRandom(): Promise<() => Promise<void>> {
  const { host } = await secureGuest('published');
  const partition = host.hypervisor.createGuest({ lpid: 2, ramBytes: 512n << 20n, tpmProxy: { hostPath: '/dev/tpmrm0' } });
  partition.write(BUFFER, GET_RANDOM, 'guest');
  const vcpu = partition.vcpus[0]!;
  return async () => {
    const registers = [H_TPM_COMM, EXECUTE, BUFFER, GET_RANDOM.length, BUFFER + 0x1_0000n, 4096];
    registers.forEach((value, i) => {
      vcpu.set(3 + i, value);
    });
    await host.hypervisor.hypercall(vcpu);
    if (vcpu.get(3) !== 0n) throw new Error(`H_TPM_COMM gave ${vcpu.get(3)}`);
  };
}

async function unwrap(profile: string): Promise<() => Promise<void>> {
  const { host, guest } = await secureGuest(profile);
  const svm = host.ultravisor.svm(1)!;
  const blob = readFdt(file('esm_blob.dtb'));
  return async () => {
    await unwrapSymkey(host.ultravisor, svm, guest.bootVcpu, blob);
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
