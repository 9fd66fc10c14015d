import { generateRsa } from '../../crypto/index.ts';
import type { Clock, Random, SecretRegister } from '../../sim/index.ts';
import type { AnyCommand } from '../command.ts';
import { manufacture } from './manufacture.ts';
import type { State } from './state.ts';

export interface Limits {
  /** Slots for transient objects; persistent objects need one too while a command uses them. */
  readonly loadedObjects: number;
  readonly loadedSessions: number;
  /** Loaded and saved ones. */
  readonly activeSessions: number;
  readonly persistentObjects: number;
  /** Bytes for NV Indices and persistent objects. */
  readonly nvBytes: number;
}
/** swtpm 0.7.1 with libtpms 0.9.2. */
export const LIMITS: Limits = { loadedObjects: 3, loadedSessions: 3, activeSessions: 64, persistentObjects: 65, nvBytes: 131072 };

/** The inside of a TPM: what commands work on. It never leaves the room. */
export class Core {
  readonly random: Random;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly commands: ReadonlyMap<number, AnyCommand>;
  readonly makeRsa: typeof generateRsa;
  readonly #secrets: SecretRegister | undefined;
  state: State;
  /** Whether somebody holds the button. */
  physicalPresence = false;
  /** Whether NV memory can be written. */
  nvAvailable = true;
  /** Commands that touch state which Shutdown(STATE) saved make the shutdown disorderly (Part 1 §12.2.3.3); set while one runs. */
  disorderly = false;

  constructor(
    {
      random,
      clock,
      secrets,
      limits,
      makeRsa = generateRsa,
    }: {
      random: Random;
      clock: Clock;
      secrets?: SecretRegister | undefined;
      limits?: Partial<Limits> | undefined;
      makeRsa?: typeof generateRsa | undefined;
    },
    commands: ReadonlyMap<number, AnyCommand>,
  ) {
    this.random = random;
    this.clock = clock;
    this.#secrets = secrets;
    this.makeRsa = makeRsa;
    this.limits = { ...LIMITS, ...limits };
    this.commands = commands;
    this.state = manufacture(this);
  }

  /** Fresh random bytes of the TPM's generator. */
  bytes = (count: number): Uint8Array => this.random.bytes(count);

  /** Registers a secret that came into being inside. */
  secret(name: string, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#secrets?.register(name, bytes, ['tpm']);
  }
}
