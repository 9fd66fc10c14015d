import { dirname, join } from 'node:path';
import { sameBytes, utf8 } from '../../bytes/index.ts';
import { BoardMachine, type BoardMachineState, type Guest, type GuestSpec, type Host, type Machine } from '../../machine/index.ts';
import type { AnyEvent, World } from '../../sim/index.ts';
import { flattenElf, isElf } from '../../svm/format/index.ts';
import type { UnlockProgress } from '../../svm/luks/index.ts';
import { RTAS_CODE } from '../../svm/owner/index.ts';
import { type BoardEntry, boardSpec } from '../language/board-entry.ts';
import { guestDevices } from '../language/guest-devices.ts';
import { makeDisk } from '../language/guest-disk.ts';
import { attachmentOf, type GuestEntry, type Recipe } from '../language/guest-entry.ts';
import { boardNamed, type Equipment, fileOf, guestNamed, hostNamed, hostsOf } from '../language/machines.ts';
import { bytesOf, type Contents } from '../language/values.ts';
import type { AnyStep } from './any-step.ts';
import { type BlobPlan, makeEsmBlob } from './esm-blob.ts';
import { measuredHint } from './measured-hint.ts';
import type { InnerStep, KeyChange, StepOutcome } from './step-outcome.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A kernel as it lies in memory; a `vmlinux` is flattened as svm-tool does it. */
const flat = (kernel: Uint8Array): Uint8Array => (isElf(kernel) ? flattenElf(kernel) : kernel);

interface KnownKey {
  readonly name: Uint8Array;
  readonly password: Uint8Array | undefined;
}

/** What a run has beside its machine, as plain data. */
export interface RunState {
  readonly guests: readonly string[];
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly keys: ReadonlyMap<string, KnownKey>;
  readonly outcomes: ReadonlyMap<string, StepOutcome>;
  /** Hosts of the guests that moved. */
  readonly moved: ReadonlyMap<string, string>;
  readonly boards: ReadonlyMap<string, BoardMachineState>;
}

/** A run of a scenario: what its steps work on. */
export class Run {
  readonly world: World;
  readonly machine: Machine;
  readonly #given: Equipment;
  #guests = new Map<string, Guest>();
  /** Each is switched on when it is first spoken of. */
  #boards = new Map<string, BoardMachine>();
  #blobs = new Map<string, Uint8Array>();
  #keys = new Map<string, KnownKey>();
  /** Outcomes of the steps that have a name, for steps that come later. */
  #outcomes = new Map<string, StepOutcome>();
  /** Hosts that guests moved to. */
  #moved = new Map<string, string>();
  /** Runs steps within a step: set by the session. */
  runSteps: (steps: readonly AnyStep[]) => Promise<readonly InnerStep[]> = async () => [];
  /** Told how far the work on a key slot is. For the eyes of a person only: it takes no virtual time. */
  onUnlock: ((progress: UnlockProgress) => void) | undefined;
  /** Disks that were made. Each is a function of seed and guest: no state. */
  readonly #disks = new Map<string, Uint8Array>();

  constructor(given: Equipment, world: World, machine: Machine) {
    this.#given = given;
    this.world = world;
    this.machine = machine;
  }

  bytesOf(contents: Contents): Uint8Array {
    if ('step' in contents) return this.#outcomes.get(contents.step)?.bytes ?? new Uint8Array(0);
    return bytesOf(contents, path => fileOf(this.#given, path));
  }

  note(name: string, outcome: StepOutcome): void {
    this.#outcomes.set(name, outcome);
  }

  /** The host of a guest, with all its parts. */
  hostOf(guest?: string): Host {
    return this.machine.host(this.#placeOf(this.#entry(guest)));
  }

  /** Where a guest is now: where the scenario puts it, or where it moved to. */
  #placeOf({ name, host }: GuestEntry): string {
    return this.#moved.get(name) ?? this.hostName(host);
  }

  /** A guest runs on another host from now on. */
  moved(name: string, host: string, guest: Guest): void {
    this.#moved.set(name, host);
    this.#guests.set(name, guest);
  }

  snapshot(): RunState {
    return {
      guests: [...this.#guests.keys()],
      blobs: new Map(this.#blobs),
      keys: new Map(this.#keys),
      outcomes: new Map(this.#outcomes),
      moved: new Map(this.#moved),
      boards: new Map([...this.#boards].map(([name, board]) => [name, board.snapshot()])),
    };
  }

  /** After the machine was restored: its guests are made anew then. */
  restore({ guests, blobs, keys, outcomes, moved, boards }: RunState): void {
    for (const [name, board] of this.#boards) {
      const state = boards.get(name);
      if (state) board.restore(state);
      else this.#boards.delete(name);
    }
    this.#moved = new Map(moved);
    this.#guests = new Map(guests.map(name => [name, this.hostOf(name).guest(name)]));
    this.#blobs = new Map(blobs);
    this.#keys = new Map(keys);
    this.#outcomes = new Map(outcomes);
  }

  hostName(name?: string): string {
    return hostNamed(this.#given.document, name);
  }

  guestName(name?: string): string {
    return this.#entry(name).name;
  }

  /** For a guest that was refused: what would have been right, and how to go on. */
  measuredHint(name: string | undefined, events: readonly AnyEvent[]): string | undefined {
    const entry = guestNamed(this.#given.document, name);
    const guest = entry && this.#guests.get(entry.name);
    if (!guest) return undefined;
    const key = hostsOf(this.#given.document).find(host => host.name === this.#placeOf(entry))?.firmware?.wrappingKey;
    const { file, places } = this.#given;
    // Paths of a scenario's file are relative to its folder; a command is given where the person is.
    const pathOf = (path: string): string => (file !== undefined && places ? join(dirname(file), path) : path);
    return measuredHint(this.world, { entry, guest, key: typeof key === 'object' ? key.file : undefined, pathOf }, events);
  }

  boardEntry(name?: string): BoardEntry {
    const entry = boardNamed(this.#given.document, name);
    if (!entry) throw new RangeError(`no board ${name}`);
    return entry;
  }

  boardName(name?: string): string {
    return this.boardEntry(name).name;
  }

  async board(name?: string): Promise<BoardMachine> {
    const entry = this.boardEntry(name);
    const there = this.#boards.get(entry.name);
    if (there) return there;
    const board = await BoardMachine.start(this.world, boardSpec(entry));
    this.#boards.set(entry.name, board);
    return board;
  }

  #entry(name?: string): GuestEntry {
    const entry = guestNamed(this.#given.document, name);
    if (!entry) throw new RangeError(`no guest ${name}`);
    return entry;
  }

  #host(name?: string): Host {
    return this.machine.host(this.hostName(name));
  }

  async bootHost(name?: string): Promise<KeyChange> {
    await this.#host(name).boot();
    return this.#keyChange(this.hostName(name));
  }

  /** Its guests are gone; their blobs are files and stay. */
  async rebootHost(name?: string): Promise<KeyChange> {
    const host = this.hostName(name);
    await this.#host(name).reboot();
    for (const guest of this.#given.document.guests ?? []) {
      if (this.#placeOf(guest) !== host) continue;
      this.#guests.delete(guest.name);
      this.#moved.delete(guest.name);
    }
    return this.#keyChange(host);
  }

  async #keyChange(host: string): Promise<KeyChange> {
    const before = this.#keys.get(host);
    const name = this.#host(host).wrappingKeyName();
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
  guest(name?: string): Guest {
    const guest = this.#guests.get(this.guestName(name));
    if (!guest) throw new RangeError(`guest ${this.guestName(name)} does not run`);
    return guest;
  }

  /** The guest, made if it is not there yet. */
  async createGuest(name?: string): Promise<Guest> {
    const entry = this.#entry(name);
    const there = this.#guests.get(entry.name);
    if (there) return there;
    const plan = this.#guestPlan(entry);
    const esmBlob = await this.#blob(entry, plan);
    const guest = this.#host(entry.host).createGuest({ ...plan, ...(esmBlob ? { esmBlob } : {}) });
    this.#guests.set(entry.name, guest);
    return guest;
  }

  /** The disk of a guest; one that the scenario describes is made when it is first asked for. */
  async disk(guest?: string): Promise<Uint8Array> {
    const { name, disk, esm } = this.#entry(guest);
    if (!disk) throw new RangeError(`guest ${name} has no disk`);
    const made = this.#disks.get(name);
    if (made) return made;
    const image = await makeDisk(disk, this.world.random.fork(`disk of ${name}`), {
      bytesOf: contents => this.bytesOf(contents),
      attachment: wanted => attachmentOf(esm, wanted, contents => this.bytesOf(contents)),
    });
    this.#disks.set(name, image);
    return image;
  }

  #guestPlan(entry: GuestEntry): GuestSpec {
    const { name, lpid, kernel, initrd, bootargs, rtas } = entry;
    return {
      name,
      lpid,
      ...guestDevices(entry, path => fileOf(this.#given, path)),
      kernel: flat(fileOf(this.#given, kernel)),
      initrd: fileOf(this.#given, initrd),
      bootargs: typeof bootargs === 'string' ? bootargs : text(fileOf(this.#given, bootargs.file)),
      rtas: rtas === undefined ? RTAS_CODE : fileOf(this.#given, rtas),
    };
  }

  /** The guest's ESM blob; one from a recipe is made once. */
  async #blob({ name, esm }: GuestEntry, plan: GuestSpec): Promise<Uint8Array | undefined> {
    if (!esm) return undefined;
    if ('blob' in esm) return fileOf(this.#given, esm.blob);
    const made = this.#blobs.get(name);
    if (made) return made;
    const { recipients, origin, attachments = [], filesDigest = false } = esm.recipe;
    const blob = await makeEsmBlob(this.world, {
      guest: name,
      recipients: await Promise.all(recipients.map(recipient => this.#recipient(recipient))),
      ...(typeof origin === 'object' ? { origin: { ...this.#key(origin.file), ...optional({ passphrase: origin.passphrase }) } } : {}),
      kernel: plan.kernel,
      initrd: plan.initrd,
      filesDigest,
      bootargs: plan.bootargs,
      rtas: plan.rtas,
      attachments: attachments.map(({ name, contents, comment }) => ({ name, bytes: this.bytesOf(contents), ...optional({ comment }) })),
    });
    this.#blobs.set(name, blob);
    return blob;
  }

  #key(path: string): { pem: Uint8Array; where: string } {
    return { pem: fileOf(this.#given, path), where: path };
  }

  async #recipient(recipient: Recipe['recipients'][number]): Promise<BlobPlan['recipients'][number]> {
    const comment = optional({ comment: recipient.comment });
    if ('file' in recipient) return { ...this.#key(recipient.file), ...comment };
    return { pem: utf8(this.#host(recipient.host).wrappingKeyPem()), where: `wrapping key of ${recipient.host}`, ...comment };
  }
}

/** Without the members that are undefined. */
const optional = <T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };

/** With one host its secrets need not say whose they are. */
const ofHost = (secret: string, host: string): boolean => !/ of /.test(secret) || secret.endsWith(` of ${host}`);
