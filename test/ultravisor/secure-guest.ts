import { readFileSync } from 'node:fs';
import type { HcallResult, Interceptor, RegisterUses } from '../../src/hcall/index.ts';
import { type Guest, Machine, type MachineState } from '../../src/machine/index.ts';
import { type AnyEvent, createWorld } from '../../src/sim/index.ts';
import { esmVector } from './vectors.ts';

type Profile = 'documented' | 'published' | 'hardened';
const booted = new Map<Profile, Promise<{ machine: Machine; state: MachineState }>>();

/** A host that has booted with the vector's wrapping key; booted once a profile, brought back for each test. */
async function bootedHost(profile: Profile): Promise<Machine> {
  let known = booted.get(profile);
  if (!known) {
    known = (async () => {
      const pem = readFileSync(esmVector('02-three-recipients', 'tpm1.pem'), 'utf8');
      const machine = await Machine.create(createWorld(3), [{ name: 'host', tpm: 'embedded', profile, wrappingKey: { pem } }]);
      await machine.host('host').boot();
      return { machine, state: machine.snapshot() };
    })();
    booted.set(profile, known);
  }
  const { machine, state } = await known;
  machine.restore(state);
  machine.host('host').hypervisor.interceptor = null;
  return machine;
}

export interface Scene {
  readonly machine: Machine;
  readonly guest: Guest;
  readonly events: AnyEvent[];
}

/** A running guest with the input of a vector, not secure yet. */
export async function runningGuest(
  profile: Profile = 'documented',
  change: Partial<Parameters<ReturnType<Machine['host']>['createGuest']>[0]> = {},
  vector = '02-three-recipients',
): Promise<Scene> {
  const machine = await bootedHost(profile);
  const file = (name: string): Uint8Array => Uint8Array.from(readFileSync(esmVector(vector, name)));
  const guest = machine.host('host').createGuest({
    name: 'vm',
    lpid: 1,
    ramBytes: 512n << 20n,
    kernel: file('kernel.bin'),
    initrd: file('initrd.img'),
    bootargs: readFileSync(esmVector(vector, 'bootargs.txt'), 'utf8'),
    rtas: file('rtas.bin'),
    esmBlob: file('esm_blob.dtb'),
    ...change,
  });
  await guest.start();
  const events: AnyEvent[] = [];
  machine.world.bus.listen(event => events.push(event));
  return { machine, guest, events };
}

/** A hypervisor that answers one hypercall in its own way. */
export function answering(
  number: number,
  answer: (times: number, honest: () => Promise<HcallResult<RegisterUses>>) => Promise<HcallResult<RegisterUses>>,
): Interceptor {
  let times = 0;
  return {
    hypercall: (call, honest) => (call.number === BigInt(number) ? answer(++times, () => honest(call.args)) : honest(call.args)),
    ultracall: (_number, args, honest) => honest(args),
    beforeReturn: async () => {},
  };
}

/** The last check that refused, by name. */
export const refusedBy = (events: readonly AnyEvent[]): string | undefined =>
  events.flatMap(event => (event.kind === 'check' && !event.data.ok ? [event.data.name] : [])).at(-1);
