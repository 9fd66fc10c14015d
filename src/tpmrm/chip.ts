import type { Clock, EventBus, Place, Stateful } from '../sim/index.ts';
import { codeOf } from '../spec/index.ts';
import type { Backend } from './backend/backend.ts';
import { CommandTable } from './command-table.ts';
import { type Descriptors, DeviceFile } from './device-file.ts';
import { Driver, unknownCommandResponse } from './driver.ts';
import { asIoResult, Errno } from './errno.ts';
import type { IoResult } from './host-file.ts';
import { LINUX_VERSIONS, type LinuxBehaviour } from './linux-versions.ts';
import { Mutex } from './mutex.ts';
import { copyOpenFile, newOpenFile, OpenFile, type OpenFileState, type OpenFlags, READ_WRITE } from './open-file.ts';
import { type Describe, Recorder } from './recorder.ts';
import { copySpace, flushSpace, newSpace, type SpaceState } from './space.ts';
import { SpaceCommand } from './space-command.ts';
import { readCommandTable } from './start.ts';
import { type Swapping, swapOut } from './swapping.ts';

export interface TpmChipOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly bus?: EventBus;
  readonly describe?: Describe;
  /** Where events happen: the host's name. */
  readonly place?: Place;
  /** Lines of the kernel's log, as dmesg shows them without time. */
  readonly log?: (line: string) => void;
  /** Default: eager, as Linux. */
  readonly swapping?: Swapping;
  /** Whose resource manager it is. Default: the first of LINUX_VERSIONS. */
  readonly linux?: LinuxBehaviour;
}

export interface TpmChipState {
  readonly commands: readonly number[] | null;
  readonly nextId: number;
  readonly spaces: readonly SpaceState[];
  readonly files: readonly OpenFileState[];
}

/** One TPM as the host's Linux drives it: /dev/tpm0 and /dev/tpmrm0, one mutex for both, the spaces. */
export class TpmChip implements Stateful<TpmChipState>, Descriptors {
  readonly linux: LinuxBehaviour;
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly #log: (line: string) => void;
  readonly #swapping: Swapping;
  readonly #mutex = new Mutex();
  #commands: CommandTable | null = null;
  #spaces = new Map<number, SpaceState>();
  #files = new Map<number, OpenFile>();
  #nextId = 1;

  constructor({ backend, clock, bus, describe, place, log, swapping = 'eager', linux = LINUX_VERSIONS[0].behaviour }: TpmChipOptions) {
    this.linux = linux;
    this.#swapping = swapping;
    this.#recorder = new Recorder(bus, describe, place);
    this.#clock = clock;
    this.#log = line => {
      log?.(line);
      this.#recorder.note(`kernel: ${line}`);
    };
    this.#driver = new Driver(backend, clock, this.#recorder, this.#log, linux);
  }

  get backend(): Backend {
    return this.#driver.backend;
  }

  /** Puts another backend in the place of this one: the TPM came back, or a fault is to be injected. */
  set backend(backend: Backend) {
    this.#driver.backend = backend;
  }

  /** Numbers of the open spaces. */
  get spaces(): readonly SpaceState[] {
    return [...this.#spaces.values()].map(copySpace);
  }

  /**
   * What the driver does when it finds the TPM: starts it if nobody did, and asks for its commands. Done by the first open if
   * not before. `commands`: TPMA_CC words that are known already.
   * @throws {Errno} when the TPM does not answer as a TPM should.
   */
  async start(commands?: readonly number[]): Promise<void> {
    if (commands) this.#commands = new CommandTable(commands);
    else await this.#mutex.run(async () => void (await this.#started()));
  }

  async #started(): Promise<CommandTable> {
    this.#commands ??= new CommandTable(await readCommandTable(this.#driver));
    return this.#commands;
  }

  /** open(2). `/dev/tpm0` opens once, `/dev/tpmrm0` any number of times (`file_exclusive`). */
  open(path: '/dev/tpm0' | '/dev/tpmrm0', flags: OpenFlags = READ_WRITE): Promise<IoResult<DeviceFile>> {
    return asIoResult(() => this.#mutex.run(() => this.#open(path, flags)));
  }

  async #open(path: '/dev/tpm0' | '/dev/tpmrm0', flags: OpenFlags): Promise<DeviceFile> {
    await this.#started();
    const raw = path === '/dev/tpm0';
    if (raw && [...this.#files.values()].some(({ state }) => state.space === null)) throw new Errno('EBUSY');
    const id = this.#nextId++;
    if (!raw) {
      this.#spaces.set(id, newSpace(id));
      this.#recorder.space(id, 'open', path);
    }
    this.#adopt(newOpenFile(id, id, flags, raw ? null : id));
    return new DeviceFile(id, this);
  }

  #adopt(state: OpenFileState): void {
    const onTimeout = () => this.#log('TPM user space timeout is deprecated (pid=0)');
    this.#files.set(state.id, new OpenFile(state, this.#clock, file => this.#run(file), onTimeout));
  }

  /** The descriptor with this number, for whoever restores a snapshot. */
  descriptor(descriptor: number): DeviceFile {
    return new DeviceFile(descriptor, this);
  }

  openFile(descriptor: number): OpenFile | undefined {
    return [...this.#files.values()].find(({ state }) => state.descriptors.includes(descriptor));
  }

  dup(descriptor: number): DeviceFile {
    const copy = this.#nextId++;
    this.openFile(descriptor)?.state.descriptors.push(copy);
    return new DeviceFile(copy, this);
  }

  /** close(2), or the end of the process: the last descriptor of a space flushes its sessions, whatever waits is lost. */
  async close(descriptor: number): Promise<void> {
    const file = this.openFile(descriptor);
    if (!file) return;
    const { state } = file;
    state.descriptors = state.descriptors.filter(other => other !== descriptor);
    if (state.descriptors.length > 0) return;
    await file.settled();
    this.#files.delete(state.id);
    const space = state.space === null ? undefined : this.#spaces.get(state.space);
    if (!space) return;
    // One step: a command in between would not make room where the space is still loaded.
    await this.#mutex.run(async () => {
      await flushSpace(this.#driver, space);
      this.#spaces.delete(space.id);
    });
    this.#recorder.space(space.id, 'close', space.ruined ? 'it was ruined' : 'its sessions were flushed, its objects forgotten');
  }

  /** Virtual time has passed: responses that waited for 120 s are dropped. Each call on a file looks at its own first. */
  elapse(): void {
    for (const file of this.#files.values()) file.elapse();
  }

  advanceMs(ms: number): void {
    this.#clock.advanceMs(ms);
    this.elapse();
  }

  /** The command in the file's buffer. */
  #run({ buffer, space: id }: OpenFileState): Promise<Uint8Array> {
    return this.#mutex.run(async () => {
      const commands = await this.#started();
      const space = id === null ? undefined : this.#spaces.get(id);
      return this.#recorder.exchange(space ? `space ${space.id}` : 'tpm0', buffer, async () => {
        const shape = commands.find(codeOf(buffer));
        if (space && !shape) return unknownCommandResponse();
        await this.#makeRoom(space);
        if (!space || !shape) return this.#driver.transmit(buffer);
        return new SpaceCommand(this.#driver, this.#recorder, space, this.#swapping).run(buffer, shape);
      });
    });
  }

  /** With lazy swapping another space may still be loaded. */
  async #makeRoom(space: SpaceState | undefined): Promise<void> {
    for (const other of this.#spaces.values()) {
      if (other.loaded && other !== space) await swapOut(this.#driver, this.#recorder, other);
    }
  }

  snapshot(): TpmChipState {
    return {
      commands: this.#commands?.attributes ?? null,
      nextId: this.#nextId,
      spaces: this.spaces,
      files: [...this.#files.values()].map(({ state }) => copyOpenFile(state)),
    };
  }

  restore({ commands, nextId, spaces, files }: TpmChipState): void {
    this.#commands = commands && new CommandTable(commands);
    this.#nextId = nextId;
    this.#spaces = new Map(spaces.map(space => [space.id, copySpace(space)]));
    this.#files.clear();
    for (const file of files) this.#adopt(copyOpenFile(file));
  }
}
