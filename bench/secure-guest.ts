import { readFileSync } from 'node:fs';
import { type GuestSpec, type Host, Machine } from '../src/machine/index.ts';
import { createWorld } from '../src/sim/index.ts';

const folder = new URL('../fixtures/observed/esm/02-three-recipients/', import.meta.url);
export const file = (name: string): Uint8Array => Uint8Array.from(readFileSync(new URL(name, folder)));
const text = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

export async function bootedHost(profile: string): Promise<Host> {
  const machine = await Machine.create(createWorld(1), [
    { name: 'host', tpm: 'embedded', profile, wrappingKey: { pem: text('tpm1.pem') } },
  ]);
  const host = machine.host('host');
  await host.boot();
  return host;
}

/** Read once: what guests have in common is not counted for each. */
const software = {
  ramBytes: 512n << 20n,
  kernel: file('kernel.bin'),
  initrd: file('initrd.img'),
  bootargs: text('bootargs.txt'),
  rtas: file('rtas.bin'),
  esmBlob: file('esm_blob.dtb'),
};
const spec = (lpid: number): GuestSpec => ({ ...software, name: `vm${lpid}`, lpid });

/** One more guest of a host, loaded and not yet secure. */
export async function startedGuest(host: Host, lpid: number) {
  const guest = host.createGuest(spec(lpid));
  await guest.start();
  return guest;
}

/** The recorded guest, in secure mode, on a host of its own. */
export async function secureGuest(profile: string) {
  const host = await bootedHost(profile);
  const guest = await startedGuest(host, 1);
  const outcome = await guest.enterSecureMode();
  if (!('secure' in outcome && outcome.secure)) throw new Error('the guest did not become secure');
  return { host, guest };
}
