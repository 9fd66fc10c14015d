import { type Clock, type Random, SimulatorError } from '../sim/index.ts';
import { codeOf } from '../spec/index.ts';
import { StateFault, Tpm, type TpmVersion } from '../tpm/index.ts';
import { announceLoss, startupCommand } from './power.ts';
import type { StateDir } from './state/state-dir.ts';
import { SWTPM_VERSIONS, type SwtpmBehaviour } from './swtpm-versions.ts';

/** What the TPM is told when it is switched on. */
export type StartupKind = 'clear' | 'state' | 'none';

export interface ServedTpmOptions {
  readonly random: Random;
  readonly clock: Clock;
  /** Real time since some moment, in nanoseconds: this TPM lives in it. */
  readonly nowNs: () => bigint;
  /** Where its state lies; without it the TPM is new, and gone with the process. */
  readonly state?: StateDir;
  readonly startup?: StartupKind;
  /** Of which libtpms it is, and of which swtpm. Default: the first of their versions. */
  readonly version?: TpmVersion;
  readonly swtpm?: SwtpmBehaviour;
  readonly onExchange?: (exchange: Exchange) => void;
  readonly onLine?: (line: string) => void;
}

export interface Exchange {
  /** Number of the client's connection. */
  readonly client: number;
  readonly command: Uint8Array;
  readonly response: Uint8Array;
}

/**
 * The TPM that all connections share, with the switches that the platform has: power, locality, state. Everything here is done at
 * once, one thing after the other, so that no client finds another's command half done.
 */
export class ServedTpm {
  readonly #options: ServedTpmOptions;
  readonly #tpm: Tpm;
  /** Locality of commands that do not say one. */
  locality = 0;
  /** As SET_BUFFERSIZE left it. Nothing here depends on it. */
  bufferSize = 4096;
  /** Set by SET_STATEBLOB, taken by INIT. */
  readonly #incoming: { permanent: Uint8Array | null; volatile: Uint8Array | null } = { permanent: null, volatile: null };
  /** What STORE_VOLATILE kept, where there is no folder. */
  #volatile: Uint8Array | null = null;
  /** Code of the last command. */
  #lastCode = 0;

  /**
   * On, and started as `startup` says, unless volatile state in the folder lets it go on where it was.
   * @throws {SimulatorError} `tpm.state-unreadable`, `tpm.startup`.
   */
  constructor(options: ServedTpmOptions) {
    const { random, clock, state, version, startup = 'clear' } = options;
    this.#options = options;
    const make = (): Tpm => {
      const volatile = state?.volatile;
      return new Tpm({
        random,
        clock,
        ...(version ? { version } : {}),
        ...(state ? { nvram: state } : {}),
        ...(volatile ? { volatile } : {}),
      });
    };
    this.#elapse();
    this.#tpm = state ? state.reading(make) : make();
    if (startup !== 'none' && !this.#tpm.started) this.#startup(startup);
  }

  #startup(kind: 'clear' | 'state'): void {
    const response = this.#tpm.execute(startupCommand(kind));
    if (response.length === 10 && (response[8] || response[9])) {
      throw new SimulatorError('tpm.startup', {
        what: `TPM2_Startup(${kind.toUpperCase()}) gave 0x${Buffer.from(response.subarray(6)).toString('hex')}`,
        hint: 'STATE needs TPM2_Shutdown(STATE) as the last command before. Use --startup clear.',
      });
    }
  }

  /** Real time passes also while nobody asks. */
  #elapse(): void {
    const { clock, nowNs } = this.#options;
    const elapsed = nowNs() - clock.nowNs;
    if (elapsed > 0n) clock.advanceNs(elapsed);
  }

  get running(): boolean {
    return this.#tpm.powered;
  }

  /** A TPM that is off answers TPM_RC_FAILURE, as swtpm does after STOP. */
  execute(client: number, command: Uint8Array, locality = this.locality): Uint8Array {
    this.#elapse();
    // There are no localities 5 to 31: the simulator takes them for 0 (ms-tpm-20-ref TPMCmd/Platform/src/LocalityPlat.c).
    const response = this.#tpm.execute(command, locality > 4 && locality < 32 ? 0 : locality);
    this.#lastCode = codeOf(command);
    this.#options.onExchange?.({ client, command, response });
    return response;
  }

  powerOn(): void {
    this.#elapse();
    if (!this.#tpm.powered) this.#tpm.powerOn();
  }

  /** Power goes; a TPM that was not told is told first where its swtpm does so. */
  powerOff(): void {
    this.#elapse();
    announceLoss(this.#tpm, (this.#options.swtpm ?? SWTPM_VERSIONS[0].behaviour).automaticShutdown, this.#lastCode);
    this.#tpm.powerOff();
  }

  reset(): void {
    this.#elapse();
    this.#tpm.reset();
  }

  /**
   * INIT: power off and on; state that was set or stored is taken up. `forget`: stored volatile state is used once.
   * @throws {StateFault} when state that was set does not fit: the TPM is off then.
   */
  init({ forget }: { forget: boolean }): void {
    this.#elapse();
    const { permanent, volatile } = this.#incoming;
    const running = volatile ?? (permanent ? null : this.#storedVolatile); // before power goes: it may not be to be had
    this.powerOff();
    this.#incoming.permanent = null;
    this.#incoming.volatile = null;
    if (running) this.#tpm.load(permanent ?? this.#tpm.permanentState(), running);
    else if (permanent) this.#tpm.load(permanent);
    else this.#tpm.powerOn();
    if (forget || permanent) this.#storedVolatile = null;
  }

  get #storedVolatile(): Uint8Array | null {
    return this.#options.state ? this.#options.state.volatile : this.#volatile;
  }
  set #storedVolatile(bytes: Uint8Array | null) {
    if (this.#options.state) this.#options.state.volatile = bytes;
    else this.#volatile = bytes;
  }

  storeVolatile(): void {
    this.#elapse();
    this.#storedVolatile = this.#tpm.volatileState();
  }

  stateOf(part: 'permanent' | 'volatile'): Uint8Array {
    this.#elapse();
    return part === 'permanent' ? this.#tpm.permanentState() : this.#tpm.volatileState();
  }

  /** @throws {StateFault} when the bytes are damaged; whether they fit this TPM is seen at INIT. */
  setState(part: 'permanent' | 'volatile', bytes: Uint8Array): void {
    Tpm.checkState(part, bytes);
    this.#incoming[part] = bytes;
  }

  hashStart(): void {
    this.#elapse();
    this.#tpm.hashStart();
  }
  hashData(data: Uint8Array): void {
    this.#tpm.hashData(data);
  }
  hashEnd(): void {
    this.#tpm.hashEnd();
  }
  get established(): boolean {
    return this.#tpm.established;
  }
  resetEstablished(): void {
    this.#tpm.resetEstablished();
  }

  fail(): void {
    this.#tpm.fail();
  }
  set physicalPresence(asserted: boolean) {
    this.#tpm.physicalPresence = asserted;
  }
  set nvAvailable(available: boolean) {
    this.#tpm.nvAvailable = available;
  }

  say(line: string): void {
    this.#options.onLine?.(line);
  }

  /** The host goes down in order. */
  async close(): Promise<void> {
    this.#elapse();
    this.powerOff();
    await this.#options.state?.close();
  }
}

/** Faults of state that a client sent are the client's. */
export const isStateFault = (error: unknown): error is StateFault => error instanceof StateFault;
