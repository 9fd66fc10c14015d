import { loadVtpm, saveVtpm, type Vcpu } from '../hcall/index.ts';
import type { Guest } from './guest.ts';
import type { Host } from './host.ts';

export interface MigrationOptions {
  /** 32 bytes: the state of the vTPM travels encrypted (AES-256-GCM). Without a key it goes as it is. */
  readonly key?: Uint8Array;
}

/**
 * A guest moves to another host: memory, processors, the vTPM with its TPM. The session of its spapr-tpm-proxy stays behind: the file is
 * the old host's, and the new QEMU opens one of its own. Refused with nothing changed, and in words, when something cannot go along.
 */
export async function migrateGuest(
  guest: Guest,
  from: Host,
  to: Host,
  { key }: MigrationOptions = {},
): Promise<Guest | { readonly refused: string }> {
  const refused = whyNot(guest, to);
  if (refused !== null) return { refused };
  const { world } = from;
  const { vtpm } = guest;
  const state = vtpm ? await saveVtpm(vtpm, count => world.random.bytes(count), key ? { key } : {}) : null;
  if (state && 'refused' in state) return state;
  const there = to.createGuest(guest.spec);
  await to.openDevices(there);
  copyMemory(guest, there);
  there.vcpus.forEach((vcpu, i) => {
    vcpu.load((guest.vcpus[i] as Vcpu).regs);
  });
  there.restore(guest.snapshot());
  if (state && there.vtpm) {
    const problem = await loadVtpm(there.vtpm, state, key ? { key } : {});
    if (problem) {
      await to.removeGuest(there);
      return problem;
    }
  }
  world.bus.emit(
    'state',
    'hypervisor',
    { of: `guest ${guest.name}`, from: `on ${from.name}`, to: `on ${to.name}`, why: 'it was moved while it ran' },
    { place: { host: from.name, lpid: guest.spec.lpid } },
  );
  await from.removeGuest(guest);
  return there;
}

function whyNot(guest: Guest, to: Host): string | null {
  const { spec, state, vtpm } = guest;
  if (guest.isSecure)
    return 'it is a Secure VM: its pages lie in the secure memory of this host, and no call of the Ultravisor hands them to another';
  if (state !== 'running') return `it is ${state}, not running`;
  if (to.guests.some(other => other.name === spec.name)) return `host ${to.name} has a guest ${spec.name} already`;
  if (to.hypervisor.partitions.has(spec.lpid)) return `host ${to.name} has a guest with lpid ${spec.lpid} already`;
  if (vtpm && 'refused' in vtpm.backend.state) return vtpm.backend.state.refused;
  return null;
}

/** Frames that the guest ever wrote; slots of memory that was plugged in later come along. */
function copyMemory(guest: Guest, there: Guest): void {
  there.partition.state.slots = [...guest.partition.state.slots];
  for (const { gpa, bytes } of guest.writtenFrames()) there.partition.write(gpa, bytes, 'hypervisor');
}
