import { Hypervisor, hcalls, MSR, RealMemory, type Vcpu } from '../hcall/index.ts';
import { ExternalUltravisor, type FirmwareLink, LinkBroken } from '../own-firmware/index.ts';
import { nearest, SimulatorError, type Stateful, type World } from '../sim/index.ts';
import type { Platform } from '../svm/guest/index.ts';
import { describeTpm, type Tpm } from '../tpm/index.ts';
import { type Backend, HostDevices, openBackend, parseBackendSpec, type Swapping, TpmChip, type TpmChipState } from '../tpmrm/index.ts';
import {
  type Attest,
  bootFirmware,
  type Profile,
  profileNames,
  profiles,
  startUltravisor,
  UltracallDispatcher,
  Ultravisor,
  type UltravisorState,
  ultracalls,
  type WrappingKey,
} from '../ultravisor/index.ts';
import { openEmbeddedTpm } from './embedded-tpm.ts';
import { firmwareTransport } from './firmware-transport.ts';
import { type ChosenGeneration, chooseGeneration, type GenerationChoice } from './generation/index.ts';
import { Guest, type GuestData, type GuestSpec } from './guest.ts';
import { BuiltInUltravisor, type SecureWorld } from './secure-world.ts';
import { timed } from './tpm-durations.ts';
import { type EmulatorKind, emulatedVtpm, passedThrough, swtpmVtpm, type Vtpm } from './vtpm.ts';

export interface HostSpec {
  readonly name: string;
  /** `embedded`, or another TPM as `--tpm` names it. */
  readonly tpm: string;
  /** Name of a firmware profile, or a profile of one's own (a mutant, say). */
  readonly profile: string | Profile;
  /** Pages of 64 KiB of secure memory. */
  readonly securePages?: number;
  readonly proxyMode?: 'observed' | 'strict';
  /**
   * The private half of a wrapping key that the TPM is to hold, as PEM: imported as docs/reference/decisions.md#a-given-wrapping-key says.
   */
  readonly wrappingKey?: { readonly pem: string };
  readonly allowHardware?: boolean;
  /** When the resource manager's spaces leave the TPM. Default: eager, as Linux. */
  readonly swapping?: Swapping;
  /** Whose versions run: kernel, embedded TPMs. Default: debian12. */
  readonly generation?: GenerationChoice;
  /** Folder of the embedded TPM's state: it is the same TPM in the next run. */
  readonly tpmState?: string;
  /** The way to an Ultravisor that runs elsewhere; the profile is then that of host boot alone. Default: the simulator's own. */
  readonly externalUltravisor?: () => Promise<FirmwareLink>;
}

export interface HostState {
  readonly memory: ReturnType<RealMemory['snapshot']>;
  readonly hypervisor: ReturnType<Hypervisor['snapshot']>;
  readonly ultravisor: UltravisorState;
  readonly chip: TpmChipState;
  /** Null when the TPM is not the embedded one: its state is not ours to copy. */
  readonly tpm: ReturnType<Tpm['snapshot']> | null;
  readonly wrappingKey: WrappingKey | null;
  readonly guests: ReadonlyMap<string, GuestData>;
  /** The TPMs behind the guests' vTPMs; null: the host's own. */
  readonly vtpms: ReadonlyMap<string, ReturnType<Tpm['snapshot']> | null>;
}

/** One POWER9 host: memory, TPM, firmware with its Ultravisor, hypervisor, guests. */
export class Host implements Stateful<HostState> {
  readonly name: string;
  readonly spec: HostSpec;
  readonly world: World;
  readonly memory: RealMemory;
  readonly chip: TpmChip;
  readonly hypervisor: Hypervisor;
  readonly ultravisor: Ultravisor;
  /** Whoever answers `sc 2`: the above, or an Ultravisor that runs elsewhere. */
  #secureWorld: SecureWorld;
  /** `sc 2` of the simulator's own Ultravisor. */
  readonly ultracalls: UltracallDispatcher;
  readonly backend: Backend;
  /** The embedded TPM, if that is what the host has. */
  readonly tpm: Tpm | null;
  #guests = new Map<string, Guest>();
  /** What stands behind the vTPMs, by guest. */
  readonly #vtpms = new Map<string, Vtpm>();
  #wrappingKey: WrappingKey | null = null;
  readonly #generation: ChosenGeneration;

  private constructor(world: World, spec: HostSpec, backend: Backend, tpm: Tpm | null) {
    const profile = profileOf(spec);
    const generation = chooseGeneration(spec.generation);
    this.#generation = generation;
    this.world = world;
    this.spec = spec;
    this.name = spec.name;
    this.backend = backend;
    this.tpm = tpm;
    this.memory = new RealMemory(spec.securePages);
    const place = { host: spec.name };
    const { swapping = 'eager' } = spec;
    this.chip = new TpmChip({
      backend,
      clock: world.clock,
      bus: world.bus,
      describe: describeTpm,
      place,
      swapping,
      linux: generation.linux.behaviour,
    });
    this.hypervisor = new Hypervisor(world, this.memory, { host: spec.name, calls: hcalls, files: new HostDevices(this.chip) });
    this.ultravisor = new Ultravisor(world, this.memory, this.hypervisor, profile, spec.name);
    this.ultracalls = new UltracallDispatcher(this.ultravisor, ultracalls);
    this.#secureWorld = new BuiltInUltravisor(this.ultravisor, this.ultracalls, this.memory);
    this.hypervisor.ultravisor = this.#secureWorld;
  }

  get secureWorld(): SecureWorld {
    return this.#secureWorld;
  }

  /** The Ultravisor of this host runs elsewhere; the simulator's own keeps what firmware hands over, and no SVM. */
  get hasExternalUltravisor(): boolean {
    return this.#secureWorld instanceof ExternalUltravisor;
  }

  async #meetExternal(link: () => Promise<FirmwareLink>): Promise<void> {
    const { world, memory, hypervisor, name: host } = this;
    try {
      this.#secureWorld = await ExternalUltravisor.meet({ world, memory, hypervisor, host, link: await link() });
      this.hypervisor.ultravisor = this.#secureWorld;
    } catch (error) {
      await this.backend.close();
      if (!(error instanceof LinkBroken)) throw error;
      throw new SimulatorError('machine.no-firmware', {
        where: `host ${host}`,
        what: `the external Ultravisor cannot be had: ${error.message}`,
        hint: 'Start it first; docs/own-firmware.md says how.',
      });
    }
  }

  /** @throws {SimulatorError} when the TPM cannot be had or the profile is unknown. */
  static async create(world: World, spec: HostSpec): Promise<Host> {
    profileOf(spec);
    const place = parseBackendSpec(spec.tpm);
    if (place.kind === 'embedded') {
      const { tpm, backend } = await openEmbeddedTpm(world, spec.name, {
        folder: spec.tpmState,
        version: chooseGeneration(spec.generation).libtpms,
        through: made => timed(made, world.clock),
      });
      return Host.#complete(new Host(world, spec, backend, tpm));
    }
    if (spec.tpmState !== undefined) {
      throw new SimulatorError('machine.tpm-state', {
        what: `the TPM of host ${spec.name} is ${spec.tpm}: its state is not ours to keep`,
        hint: '--tpm-state is for the embedded TPM.',
      });
    }
    const backend = await openBackend(place, spec.allowHardware === undefined ? {} : { allowHardware: spec.allowHardware });
    return Host.#complete(new Host(world, spec, backend, null));
  }

  static async #complete(host: Host): Promise<Host> {
    if (host.spec.externalUltravisor) await host.#meetExternal(host.spec.externalUltravisor);
    return host;
  }

  /** Power on: firmware sets up the wrapping key, starts the Ultravisor, then the hypervisor finds the TPM. */
  async boot(attest?: Attest): Promise<void> {
    const { world, spec } = this;
    world.bus.emit('state', 'firmware', { of: 'host', from: 'off', to: 'firmware', why: 'power on' }, { place: { host: this.name } });
    const transport = firmwareTransport(world, this.backend, this.name);
    const handover = await bootFirmware(world, transport, this.ultravisor.profile, this.name, spec.wrappingKey?.pem, attest);
    this.#wrappingKey = handover.wrappingKey;
    if (this.hasExternalUltravisor) startUltravisor(this.ultravisor, handover.uvFdt);
    await this.#secureWorld.start(handover.uvFdt);
    await this.chip.start();
    world.bus.emit(
      'state',
      'firmware',
      { of: 'host', from: 'firmware', to: 'running', why: 'the hypervisor starts' },
      { place: { host: this.name } },
    );
  }

  /** Guests end, the TPM is reset, firmware runs again; what the TPM keeps for ever is kept. */
  async reboot(): Promise<void> {
    for (const guest of this.#guests.values()) {
      if (guest.state !== 'terminated') await guest.terminate();
      await this.hypervisor.endGuest(guest.partition);
    }
    this.#forgetGuests();
    await this.#removeVtpms();
    this.ultravisor.svms.clear();
    await this.backend.reset?.();
    await this.boot();
  }

  /** Power fails: whatever is volatile is gone at once, and nobody is asked. The TPM is reset when the host boots again. */
  losePower(): void {
    const { world, name } = this;
    this.#forgetGuests();
    this.#vtpms.clear();
    this.ultravisor.svms.clear();
    this.memory.restore(new RealMemory(this.spec.securePages).snapshot());
    this.chip.restore({ commands: null, nextId: 1, spaces: [], files: [] });
    this.#wrappingKey = null;
    world.bus.emit('state', 'firmware', { of: 'host', from: 'running', to: 'off', why: 'power is lost' }, { place: { host: name } });
  }

  createGuest(spec: GuestSpec): Guest {
    if (this.#guests.has(spec.name)) throw new RangeError(`host ${this.name} has a guest ${spec.name} already`);
    const { tpmProxy = { hostPath: '/dev/tpmrm0' } } = spec;
    const proxy = tpmProxy && { ...tpmProxy, ...(this.spec.proxyMode ? { mode: this.spec.proxyMode } : {}) };
    const guest: Guest = new Guest(this, this.#platform, { ...spec, tpmProxy: proxy }, () => this.openDevices(guest));
    this.#guests.set(spec.name, guest);
    const there = this.#vtpms.get(spec.name);
    if (there) this.#plug(guest, there);
    else if (spec.vtpm?.backend === 'emulator' && this.#emulator(spec.vtpm.tpm) === 'embedded')
      this.#plug(guest, emulatedVtpm(this.world, this.name, spec.name, this.#generation.libtpms));
    return guest;
  }

  #emulator(asked: EmulatorKind | undefined): EmulatorKind {
    return asked ?? (this.spec.tpm === 'swtpm' ? 'swtpm' : 'embedded');
  }

  #plug(guest: Guest, vtpm: Vtpm): void {
    const { name, vtpm: asked } = guest.spec;
    this.#vtpms.set(name, vtpm);
    if (this.hypervisor.plugVtpm(guest.partition, vtpm.backend, asked?.unit)) return;
    throw new RangeError(`guest ${name} cannot have a vTPM at unit ${asked?.unit}`);
  }

  /** The guest's QEMU starts: an swtpm is started, or the device behind a vTPM that is passed through is opened and stays open. */
  async openDevices(guest: Guest): Promise<void> {
    const { name, vtpm } = guest.spec;
    if (!vtpm || guest.vtpm) return;
    if (vtpm.backend === 'emulator') this.#plug(guest, await swtpmVtpm(name));
    else this.#plug(guest, await passedThrough(this.hypervisor.files, vtpm.path, name));
  }

  /** A guest's machine is gone from this host: it ended, or runs on another. */
  async removeGuest(guest: Guest): Promise<void> {
    await this.hypervisor.endGuest(guest.partition);
    for (const gfn of [...guest.partition.state.frames.keys()]) guest.partition.dropFrame(gfn);
    const { name, lpid } = guest.spec;
    this.hypervisor.partitions.delete(lpid);
    this.hypervisor.proxies.delete(lpid);
    this.hypervisor.vio.delete(lpid);
    await this.#vtpms.get(name)?.remove();
    this.#vtpms.delete(name);
    this.#guests.delete(name);
  }

  async #removeVtpms(): Promise<void> {
    for (const vtpm of this.#vtpms.values()) await vtpm.remove();
    this.#vtpms.clear();
  }

  #forgetGuests(): void {
    this.#guests.clear();
    this.hypervisor.partitions.clear();
    this.hypervisor.proxies.clear();
    this.hypervisor.vio.clear();
  }

  guest(name: string): Guest {
    const guest = this.#guests.get(name);
    if (!guest) throw new RangeError(`host ${this.name} has no guest ${name}`);
    return guest;
  }

  get guests(): readonly Guest[] {
    return [...this.#guests.values()];
  }

  /** SPKI PEM of the wrapping key's public half: what an owner is given (docs/reference/pef.md#how-an-owner-gets-the-public-key). */
  wrappingKeyPem(): string {
    return this.#booted().pem;
  }

  /** 000B and SHA-256 of the key's public area. */
  wrappingKeyName(): Uint8Array {
    return this.#booted().name;
  }

  #booted(): WrappingKey {
    if (this.#wrappingKey) return this.#wrappingKey;
    throw new SimulatorError('machine.not-booted', {
      what: `host ${this.name} has not booted`,
      hint: 'Boot it first: the wrapping key is made at host boot.',
    });
  }

  /** The processor's doors: who gets `sc 1` and memory accesses depends on MSR[S]. */
  readonly #platform: Platform = {
    hypercall: async vcpu => {
      await this.world.scheduler.turn(); // other vCPUs run meanwhile
      await (vcpu.has(MSR.S) ? this.#secureWorld.reflect(vcpu) : this.hypervisor.hypercall(vcpu));
    },
    ultracall: async vcpu => {
      await this.world.scheduler.turn();
      await this.#secureWorld.ultracall(vcpu);
    },
    read: async (vcpu, gpa, length) =>
      this.#runsSecure(vcpu)
        ? this.#secureWorld.read(vcpu, gpa, length)
        : this.hypervisor.partition(vcpu.regs.lpidr).read(gpa, length, 'guest'),
    write: async (vcpu, gpa, bytes) => {
      if (this.#runsSecure(vcpu)) await this.#secureWorld.write(vcpu, gpa, bytes);
      else this.hypervisor.partition(vcpu.regs.lpidr).write(gpa, bytes, 'guest');
    },
  };

  #runsSecure(vcpu: Vcpu): boolean {
    return vcpu.has(MSR.S) && (this.hasExternalUltravisor || this.ultravisor.svm(vcpu.regs.lpidr) !== undefined);
  }

  async close(): Promise<void> {
    this.#secureWorld.close();
    await this.#removeVtpms();
    await this.backend.close();
  }

  snapshot(): HostState {
    return {
      memory: this.memory.snapshot(),
      hypervisor: this.hypervisor.snapshot(),
      ultravisor: this.ultravisor.snapshot(),
      chip: this.chip.snapshot(),
      tpm: this.tpm?.snapshot() ?? null,
      wrappingKey: this.#wrappingKey,
      guests: new Map([...this.#guests].map(([name, guest]) => [name, guest.snapshot()])),
      vtpms: new Map([...this.#vtpms].map(([name, { tpm }]) => [name, tpm?.snapshot() ?? null])),
    };
  }

  /** Guests are made again as the snapshot has them. */
  restore(state: HostState): void {
    this.memory.restore(state.memory);
    this.#forgetGuests();
    for (const [name, vtpm] of this.#vtpms) {
      if (state.vtpms.has(name)) continue;
      this.#vtpms.delete(name);
      void vtpm.remove();
    }
    for (const { spec } of state.guests.values()) this.createGuest(spec);
    this.hypervisor.restore(state.hypervisor);
    this.ultravisor.restore(state.ultravisor);
    this.chip.restore(state.chip);
    if (state.tpm) this.tpm?.restore(state.tpm);
    for (const [name, tpm] of state.vtpms) if (tpm) this.#vtpms.get(name)?.tpm?.restore(tpm);
    this.#wrappingKey = state.wrappingKey;
    for (const [name, data] of state.guests) this.guest(name).restore(data);
  }
}

function profileOf({ profile }: HostSpec): Profile {
  if (typeof profile !== 'string') return profile;
  const found = profiles[profile];
  if (found) return found;
  const close = nearest(profile, profileNames);
  throw new SimulatorError('machine.unknown-profile', {
    what: `there is no profile "${profile}"`,
    hint: `${close ? `Did you mean "${close}"? ` : ''}Profiles: ${profileNames.join(', ')}.`,
  });
}
