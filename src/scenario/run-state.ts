import { sameBytes } from '../bytes/index.ts';
import type { World } from '../sim/index.ts';
import type { Scenario } from './load.ts';
import type { KeyChange } from './outcome.ts';
import type { BlobPlan, GuestPlan, GuestPort, HostPlan, HostPort, MachinePort, MakeBlob } from './ports.ts';
import { hostsOf } from './references.ts';
import type { GuestEntry } from './schema.ts';
import { bytesOf, type Contents, sizeInBytes } from './values.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The hosts that a scenario asks for. */
export function hostPlans(scenario: Scenario): readonly HostPlan[] {
  return hostsOf(scenario.document).map(({ name, tpm = 'embedded', profile = 'documented', securePages, proxy, firmware }) => {
    const key = firmware?.wrappingKey;
    return {
      name,
      tpm,
      profile,
      ...(securePages === undefined ? {} : { securePages }),
      ...(proxy === undefined ? {} : { proxyMode: proxy }),
      ...(typeof key === 'object' ? { wrappingKey: { pem: text(fileOf(scenario, key.file)) } } : {}),
    };
  });
}

const fileOf = ({ files }: Scenario, path: string): Uint8Array => files.get(path) ?? new Uint8Array(0);

interface KnownKey {
  readonly name: Uint8Array;
  readonly password: Uint8Array | undefined;
}

/** A run of a scenario: what its steps work on. */
export class Run {
  readonly scenario: Scenario;
  readonly world: World;
  readonly #machine: MachinePort;
  readonly #makeBlob: MakeBlob;
  readonly #guests = new Map<string, GuestPort>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #keys = new Map<string, KnownKey>();

  constructor(scenario: Scenario, world: World, machine: MachinePort, makeBlob: MakeBlob) {
    this.scenario = scenario;
    this.world = world;
    this.#machine = machine;
    this.#makeBlob = makeBlob;
  }

  bytesOf(contents: Contents): Uint8Array {
    return bytesOf(contents, path => fileOf(this.scenario, path));
  }

  hostName(name?: string): string {
    return name ?? hostsOf(this.scenario.document)[0]?.name ?? 'host';
  }

  guestName(name?: string): string {
    return this.#entry(name).name;
  }

  #entry(name?: string): GuestEntry {
    const guests = this.scenario.document.guests ?? [];
    const entry = name === undefined ? guests[0] : guests.find(guest => guest.name === name);
    if (!entry) throw new RangeError(`no guest ${name}`);
    return entry;
  }

  #host(name?: string): HostPort {
    return this.#machine.host(this.hostName(name));
  }

  async bootHost(name?: string): Promise<KeyChange> {
    await this.#host(name).boot();
    return this.#keyChange(this.hostName(name));
  }

  /** Its guests are gone; their blobs are files and stay. */
  async rebootHost(name?: string): Promise<KeyChange> {
    const host = this.hostName(name);
    await this.#host(name).reboot();
    for (const guest of this.scenario.document.guests ?? []) if (this.hostName(guest.host) === host) this.#guests.delete(guest.name);
    return this.#keyChange(host);
  }

  async #keyChange(host: string): Promise<KeyChange> {
    const before = this.#keys.get(host);
    const name = await this.#host(host).wrappingKeyName();
    // The password is nobody's but the firmware's: it is known here by the register of secrets alone.
    const password = this.world.secrets.all
      .filter(secret => secret.name.includes('wrapping-key-passwd') && ofHost(secret.name, host))
      .at(-1)?.bytes;
    this.#keys.set(host, { name, password });
    const compare = (a: Uint8Array | undefined, b: Uint8Array | undefined) => (a && b && sameBytes(a, b) ? 'same' : 'new');
    if (!before) return { name: 'first', password: 'first' };
    return { name: compare(before.name, name), password: compare(before.password, password) };
  }

  /** The guest as it runs now. */
  guest(name?: string): GuestPort {
    const guest = this.#guests.get(this.guestName(name));
    if (!guest) throw new RangeError(`guest ${this.guestName(name)} does not run`);
    return guest;
  }

  /** The guest, made if it is not there yet. */
  async createGuest(name?: string): Promise<GuestPort> {
    const entry = this.#entry(name);
    const there = this.#guests.get(entry.name);
    if (there) return there;
    const plan = this.#guestPlan(entry);
    const esmBlob = await this.#blob(entry, plan);
    const guest = await this.#host(entry.host).createGuest({ ...plan, ...(esmBlob ? { esmBlob } : {}) });
    this.#guests.set(entry.name, guest);
    return guest;
  }

  #guestPlan({ name, lpid, memory, vcpus, kernel, initrd, bootargs, rtas, tpmProxy }: GuestEntry): GuestPlan {
    return {
      name,
      lpid,
      ramBytes: sizeInBytes(memory),
      ...(vcpus === undefined ? {} : { vcpus }),
      kernel: fileOf(this.scenario, kernel),
      initrd: fileOf(this.scenario, initrd),
      bootargs: typeof bootargs === 'string' ? bootargs : text(fileOf(this.scenario, bootargs.file)),
      rtas: fileOf(this.scenario, rtas),
      ...(tpmProxy === undefined ? {} : { tpmProxy: tpmProxy === 'none' ? null : { hostPath: tpmProxy } }),
    };
  }

  /** The guest's ESM blob; one from a recipe is made once. */
  async #blob({ name, esm }: GuestEntry, plan: GuestPlan): Promise<Uint8Array | undefined> {
    if (!esm) return undefined;
    if ('blob' in esm) return fileOf(this.scenario, esm.blob);
    const made = this.#blobs.get(name);
    if (made) return made;
    const { recipients, origin, attachments = [] } = esm.recipe;
    const blobPlan: BlobPlan = {
      recipients: await Promise.all(
        recipients.map(async recipient => ({
          pem: 'host' in recipient ? await this.#host(recipient.host).wrappingKeyPem() : text(fileOf(this.scenario, recipient.file)),
          ...(recipient.comment === undefined ? {} : { comment: recipient.comment }),
        })),
      ),
      ...(typeof origin === 'object' ? { origin: { pem: text(fileOf(this.scenario, origin.file)) } } : {}),
      kernel: plan.kernel,
      initrd: plan.initrd,
      bootargs: plan.bootargs,
      rtas: plan.rtas,
      attachments: attachments.map(({ name, contents, comment }) => ({
        name,
        bytes: this.bytesOf(contents),
        ...(comment === undefined ? {} : { comment }),
      })),
    };
    const blob = await this.#makeBlob(this.world, blobPlan);
    this.#blobs.set(name, blob);
    return blob;
  }
}

/** With one host its secrets need not say whose they are. */
const ofHost = (secret: string, host: string): boolean => !/ of /.test(secret) || secret.endsWith(` of ${host}`);
