import { gfnOf, NormalMemory, PAGE_BYTES } from '../../hcall/index.ts';
import type { Guest, Host } from '../../machine/index.ts';
import type { World } from '../../sim/index.ts';
import { TpmClient, type TpmTransport, TransportError } from '../../tpm/client/index.ts';
import type { HostFile } from '../../tpmrm/index.ts';
import { resetTpmOf } from '../run/tpm-reset.ts';
import type { Reach, StartedGuest } from './reach.ts';
import { wholePage } from './regions.ts';

const MAX_RESPONSE = 4096;

/** A host as its hypervisor reaches it. The only place at which the adversary meets the machine itself. */
export function reachOf(host: Host, world: World): Reach {
  const { bus, clock, random } = world;
  const { hypervisor, memory, ultravisor, name } = host;
  const startedGuest = (guest: Guest | undefined): StartedGuest | undefined => guest && started(guest);
  return {
    host: name,
    guest: lpid => startedGuest(host.guests.find(({ spec }) => spec.lpid === lpid)),
    guestNamed: wanted => startedGuest(host.guests.find(guest => guest.name === wanted)),
    firmware: { policyPcr: ultravisor.profile.policyPcr },
    ultracall: (number, ...args) => hypervisor.anyUltracall(number, ...args),
    async handle(call, { lpid, vcpu }, input) {
      await call.handle({ world, hypervisor, partition: hypervisor.partition(lpid), vcpu, fromSecure: true }, input);
    },
    ownPage(contents) {
      const ra = memory.allocate('normal') ?? 0n;
      memory.write(ra, wholePage(contents), 'hypervisor');
      return ra;
    },
    keepPagedOut(lpid, gpa, ra) {
      const partition = hypervisor.partition(lpid);
      partition.write(gpa, memory.read(ra, PAGE_BYTES, 'hypervisor'), 'hypervisor');
      partition.setGfnState(gfnOf(gpa), 'paged-out');
    },
    async inOwnSpace(body) {
      const opened = await hypervisor.files.open('/dev/tpmrm0');
      if (!('value' in opened)) return 'the TPM cannot be opened';
      const chance = random.fork(`adversary ${bus.snapshot()}`);
      try {
        return await body(new TpmClient(overFile(opened.value), count => chance.bytes(count)));
      } finally {
        await opened.value.close();
      }
    },
    resetTpm: () => resetTpmOf(host),
    waitMs: ms => clock.advanceMs(ms),
    tell: ({ lpid, action, target, detail, sights = [] }) =>
      bus.emit('adversary', 'hypervisor', { action, target, detail }, { sights, place: { host: name, lpid } }),
    note: text => void bus.emit('note', 'hypervisor', { text }, { place: { host: name } }),
  };
}

const started = ({ name, spec, layout, partition }: Guest): StartedGuest => ({
  name,
  lpid: spec.lpid,
  files: { kernel: spec.kernel, initrd: spec.initrd, rtas: spec.rtas, esmBlob: spec.esmBlob },
  layout,
  memory: new NormalMemory(partition),
});

function overFile(file: HostFile): TpmTransport {
  return {
    async transmit(command) {
      const written = await file.write(command);
      if (!('value' in written)) throw new TransportError('TSS_RC_BAD_CONNECTION', 'the TPM takes no command');
      const read = await file.read(MAX_RESPONSE);
      if (!('value' in read)) throw new TransportError('TSS_RC_BAD_CONNECTION', 'the TPM gives no response');
      return read.value;
    },
  };
}
