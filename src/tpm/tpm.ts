import { sameBytes } from '../bytes/index.ts';
import type { generateRsa } from '../crypto/index.ts';
import type { Clock, Random, SecretRegister, Stateful } from '../sim/index.ts';
import type { AnyCommand } from './command.ts';
import { commands, commandsOf } from './command-table.ts';
import { dispatch, errorResponse } from './dispatch.ts';
import { DEFAULT_TPM_VERSION, type TpmVersion } from './generation/libtpms.ts';
import { Core } from './model/core.ts';
import type { Limits } from './model/limits.ts';
import { hashData, hashEnd, hashStart } from './model/pcr/launch.ts';
import { powerOff, powerOn } from './model/power.ts';
import { passContexts } from './model/sessions/sessions.ts';
import type { State } from './model/state.ts';
import { readState, type StateKind } from './state/blob.ts';
import { permanentBytes, readPermanent, readVolatile, volatileBytes } from './state/parts.ts';
import { TPM_RC } from './wire/index.ts';

/** Memory that keeps its contents without power. */
export interface Nvram {
  /** What was written last; null for a new TPM. */
  read(): Uint8Array | null;
  /**
   * The bytes are safe when it returns.
   * @throws {NvramError} when they could not be made so: the TPM then takes the command back and answers TPM_RC_NV_UNAVAILABLE.
   */
  write(permanent: Uint8Array): void;
}

export class NvramError extends Error {
  override readonly name = 'NvramError';
}

export interface TpmOptions {
  /** The TPM's generator: all its keys, nonces and seeds come from here. */
  readonly random: Random;
  readonly clock: Clock;
  /** Told of keys that are born inside. */
  readonly secrets?: SecretRegister;
  readonly limits?: Partial<Limits>;
  /** What it can do at most: all commands of Part 3 that are here, if nothing else is given. */
  readonly commands?: ReadonlyMap<number, AnyCommand>;
  /** Whose behaviour it has; libtpms 0.9.2 if nothing else is given. */
  readonly version?: TpmVersion;
  /** How RSA keys come from random bytes: a test may have a pool of them, for they take long to make. */
  readonly makeRsa?: typeof generateRsa;
  /** Where permanent state is kept. What a command changed is written before its response is given. */
  readonly nvram?: Nvram;
  /** Volatile state that goes with what `nvram` holds: the TPM goes on from there in place of being powered on. */
  readonly volatile?: Uint8Array;
}

export interface TpmState {
  /** @internal */
  readonly state: State;
  readonly random: ReturnType<Random['snapshot']>;
}

/**
 * A TPM 2.0. It takes bytes and gives bytes; nothing else reaches into it, except who has power, button and restart line, and a test bench
 * that lets it age.
 */
export class Tpm implements Stateful<TpmState> {
  readonly #core: Core;
  readonly #commands: ReadonlyMap<number, AnyCommand>;
  readonly #nvram: Nvram | undefined;
  #written: Uint8Array | null = null;
  #failed = false;

  /**
   * Made and powered on; it wants TPM2_Startup.
   * @throws {StateFault} when what NV memory holds is no state of this TPM.
   * @throws {NvramError} when it cannot be written.
   */
  constructor(options: TpmOptions) {
    this.#nvram = options.nvram;
    const version = options.version ?? DEFAULT_TPM_VERSION;
    this.#commands = commandsOf(options.commands ?? commands, version.behaviour.lacksCommands);
    this.#core = new Core(options, this.#commands, version);
    const stored = this.#nvram?.read();
    if (stored) this.#take(stored, options.volatile);
    else powerOn(this.#core);
    this.#store();
  }

  /** The response to one command, for any bytes. `locality` 0 to 4, or 32 and above. */
  execute(command: Uint8Array, locality = 0): Uint8Array {
    if (this.#failed) return errorResponse(TPM_RC.FAILURE);
    if (!this.#nvram) return dispatch(this.#core, this.#commands, command, locality);
    const permanent = permanentBytes(this.#core);
    const volatile = volatileBytes(this.#core);
    const response = dispatch(this.#core, this.#commands, command, locality);
    if (this.#stores() || sameBytes(permanentBytes(this.#core), permanent)) return response;
    // What cannot be kept was not done (Part 1 §37.7.1): the TPM is what it was, and says that NV memory is not to be had.
    this.#resume(permanent, volatile);
    return errorResponse(TPM_RC.NV_UNAVAILABLE);
  }

  /** _TPM_Init: power comes, or the platform's reset line. Volatile state is lost. */
  powerOn(): void {
    this.#failed = false;
    powerOff(this.#core);
    powerOn(this.#core);
    this.#stores();
  }

  /** Failure mode until the next power-on: every command is answered with TPM_RC_FAILURE. */
  fail(): void {
    this.#failed = true;
  }

  /** Power goes. Without TPM2_Shutdown before, that is a disorderly shutdown. */
  powerOff(): void {
    powerOff(this.#core);
    this.#stores();
  }

  /** The platform restarts: the same as power off and on. */
  reset(): void {
    this.powerOn();
  }

  get powered(): boolean {
    return this.#core.state.power !== 'off';
  }

  /** Whether TPM2_Startup was given since power-on. */
  get started(): boolean {
    return this.#core.state.power === 'started';
  }

  /** Whether power may go without harm: TPM2_Shutdown was given, and nothing came after it that undid it. */
  get orderly(): boolean {
    const { orderly } = this.#core.state.permanent;
    return orderly === 'clear' || orderly === 'state';
  }

  /** Somebody presses or releases the button (physical presence). */
  set physicalPresence(asserted: boolean) {
    this.#core.physicalPresence = asserted;
  }

  /** Whether NV memory can be written: without it commands that may write there answer TPM_RC_NV_UNAVAILABLE. */
  set nvAvailable(available: boolean) {
    this.#core.nvAvailable = available;
  }

  /**
   * Test bench: as if other software saved so many session contexts with this TPM, up to the oldest one that is saved: there a TPM refuses
   * (TPM_RC_CONTEXT_GAP). How many it were.
   */
  age(contexts: number): number {
    return passContexts(this.#core, contexts);
  }

  /** _TPM_Hash_Start, _Data and _End: the platform measures a dynamic launch, or before Startup its first code. */
  hashStart(): void {
    hashStart(this.#core);
    this.#stores();
  }
  hashData(data: Uint8Array): void {
    hashData(this.#core, data);
  }
  hashEnd(): void {
    hashEnd(this.#core);
    this.#stores();
  }

  /** The tpmEstablishment bit: a launch was seen. */
  get established(): boolean {
    return this.#core.state.permanent.established;
  }
  resetEstablished(): void {
    this.#core.state.permanent.established = false;
    this.#stores();
  }

  /** What survives loss of power, as bytes: versioned, with a digest. */
  permanentState(): Uint8Array {
    return permanentBytes(this.#core);
  }

  /** All the rest; it belongs to the permanent state of the same moment. */
  volatileState(): Uint8Array {
    return volatileBytes(this.#core);
  }

  /**
   * Whether bytes are a whole state of this version.
   * @throws {StateFault} when they are not.
   */
  static checkState(kind: StateKind, bytes: Uint8Array): void {
    readState(kind, bytes);
  }

  /**
   * Takes the place of another TPM. With its volatile state it goes on where that one was, else it is powered on.
   * @throws {StateFault} and is what it was.
   */
  load(permanent: Uint8Array, volatile?: Uint8Array): void {
    this.#take(permanent, volatile);
    this.#stores();
  }

  #take(permanent: Uint8Array, volatile?: Uint8Array): void {
    if (volatile) {
      this.#resume(permanent, volatile);
      return;
    }
    const state = readPermanent(this.#core, permanent);
    this.#core.state = state;
    // The generator began anew while the state was kept: it must not give the same numbers again.
    const { random } = this.#core;
    random.restore(random.fork(`after power-on ${state.permanent.timeEpoch}`).snapshot());
    powerOn(this.#core);
  }

  /** Goes on where a TPM with this state was. */
  #resume(permanent: Uint8Array, volatile: Uint8Array): void {
    const { state, random } = readVolatile(this.#core, readPermanent(this.#core, permanent), volatile);
    this.#core.state = state;
    this.#core.random.restore(random);
  }

  snapshot(): TpmState {
    return structuredClone({ state: this.#core.state, random: this.#core.random.snapshot() });
  }

  restore(snapshot: TpmState): void {
    const { state, random } = structuredClone(snapshot);
    this.#core.state = state;
    this.#core.random.restore(random);
    this.#stores();
  }

  #store(): void {
    if (!this.#nvram) return;
    const bytes = permanentBytes(this.#core);
    if (this.#written && Buffer.compare(bytes, this.#written) === 0) return;
    this.#nvram.write(bytes);
    this.#written = bytes;
  }

  /** Whether what is to last is safe. What is not is written with the next command. */
  #stores(): boolean {
    try {
      this.#store();
    } catch (error) {
      if (!(error instanceof NvramError)) throw error;
      return false;
    }
    return true;
  }
}
