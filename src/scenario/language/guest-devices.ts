import { DecodeError } from '../../bytes/index.ts';
import { type Domain, readDomain, type VtpmSpec } from '../../machine/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { describeTree, unpackTree } from '../../svm/guest/index.ts';
import type { GuestEntry } from './guest-entry.ts';
import type { Machines } from './machines.ts';
import type { Problem } from './problem.ts';
import { sizeInBytes } from './values.ts';
import type { Source } from './yaml-source.ts';

/** What the machine of a guest has. */
export interface GuestDevices {
  readonly ramBytes: bigint;
  readonly vcpus?: number;
  /** Null: no proxy; undefined: as the machine has it by default. */
  readonly tpmProxy?: { readonly hostPath: string } | null;
  readonly vtpm?: VtpmSpec;
  /** A given device tree, unpacked. */
  readonly deviceTree?: Uint8Array;
}

/** Devices of a guest, from its own words and its domain definition. */
export function guestDevices(guest: GuestEntry, file: (path: string) => Uint8Array): GuestDevices {
  const { memory, vcpus, tpmProxy, vtpm } = guest;
  const tree = guest.deviceTree === undefined ? null : unpackTree(file(guest.deviceTree));
  const described = tree && describeTree(tree);
  const domain = guest.domain === undefined ? null : readDomain(new TextDecoder().decode(file(guest.domain)), guest.domain);
  const count = vcpus ?? domain?.vcpus ?? described?.vcpus;
  return {
    ramBytes: memory === undefined ? (domain?.memoryBytes ?? described?.ramBytes ?? 0n) : sizeInBytes(memory),
    ...(tree ? { deviceTree: tree } : {}),
    ...(count === undefined || count === null ? {} : { vcpus: count }),
    ...(domain ? devicesOf(domain) : {}),
    ...(tpmProxy === undefined ? {} : { tpmProxy: tpmProxy === 'none' ? null : { hostPath: tpmProxy } }),
    ...(vtpm === undefined ? {} : { vtpm: specOf(vtpm) }),
  };
}

const specOf = ({ unit, ...vtpm }: NonNullable<GuestEntry['vtpm']>): VtpmSpec => ({
  ...(vtpm.backend === 'passthrough'
    ? { backend: 'passthrough', path: vtpm.path ?? '/dev/tpm0' }
    : { backend: 'emulator', ...(vtpm.tpm ? { tpm: vtpm.tpm } : {}) }),
  ...(unit === undefined ? {} : { unit }),
});

function devicesOf({ tpms }: Domain): Pick<GuestDevices, 'tpmProxy' | 'vtpm'> {
  const proxy = tpms.find(({ model }) => model === 'spapr-tpm-proxy');
  const vtpm = tpms.find(({ model }) => model === 'tpm-spapr');
  const unit = vtpm?.reg === undefined ? {} : { unit: vtpm.reg };
  return {
    tpmProxy: proxy?.backend.type === 'passthrough' ? { hostPath: proxy.backend.path } : null,
    ...(vtpm?.backend.type === 'passthrough' ? { vtpm: { backend: 'passthrough', path: vtpm.backend.path, ...unit } } : {}),
    ...(vtpm?.backend.type === 'emulator' ? { vtpm: { backend: 'emulator', ...unit } } : {}),
  };
}

/** Why the given tree is none for this guest. */
function treeProblem({ deviceTree, memory }: GuestEntry, files: ReadonlyMap<string, Uint8Array>): string | undefined {
  const bytes = deviceTree === undefined ? undefined : files.get(deviceTree);
  if (!bytes) return undefined; // that it cannot be read is said elsewhere
  try {
    const { ramBytes } = describeTree(unpackTree(bytes));
    if (memory === undefined) return ramBytes ? undefined : `${deviceTree} has no /memory@0 reg: say "memory: 512 MiB" here`;
    const given = sizeInBytes(memory);
    return given === ramBytes ? undefined : `${deviceTree} is of a guest with ${ramBytes ?? 'no'} bytes of memory, not ${given}`;
  } catch (error) {
    if (error instanceof DecodeError) return `${deviceTree}: ${error.message}`;
    throw error;
  }
}

/** Domain definitions that libvirt would refuse, or that no machine here can be made of; guests without memory. */
export function domainProblems(source: Source, machines: Machines, files: ReadonlyMap<string, Uint8Array>): Problem[] {
  const problems: Problem[] = [];
  (machines.guests ?? []).forEach((guest, i) => {
    const at = ['guests', i] as const;
    const say = (field: string, what: string, hint?: string): number => problems.push(source.problem([...at, field], what, hint));
    const { domain, tpmProxy, vtpm, memory } = guest;
    const tree = treeProblem(guest, files);
    if (tree) say('deviceTree', tree);
    if (domain === undefined) {
      if (memory === undefined && guest.deviceTree === undefined)
        say('memory', 'the guest has no memory', 'Say "memory: 512 MiB", or give it a domain definition.');
      return;
    }
    if (tpmProxy !== undefined || vtpm !== undefined)
      say('domain', 'the TPM devices are those of the domain definition', 'Leave out "tpmProxy" and "vtpm", or "domain".');
    const bytes = files.get(domain);
    if (!bytes) return; // that it cannot be read is said elsewhere
    try {
      const { memoryBytes, tpms } = readDomain(new TextDecoder().decode(bytes), domain);
      if (memory === undefined && memoryBytes === null)
        say('domain', `${domain} has no <memory>`, 'Add it there, or say "memory: 512 MiB" here.');
      for (const { model, backend, line, column } of tpms) {
        const where = `${domain}:${line}:${column}`;
        if (backend.type === 'external')
          say('domain', `${where}: an external TPM is a program of a real host`, "Use <backend type='emulator'/>.");
        else if (model === 'tpm-tis' || model === 'tpm-crb') say('domain', `${where}: a pseries machine has no ${model}`, 'Use tpm-spapr.');
      }
    } catch (error) {
      if (!(error instanceof SimulatorError)) throw error;
      say('domain', `${error.where ?? domain}: ${error.what}`, error.hint);
    }
  });
  return problems;
}
