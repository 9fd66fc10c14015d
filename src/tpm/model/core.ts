import { generateRsa } from '../../crypto/index.ts';
import type { Clock, Random, SecretRegister } from '../../sim/index.ts';
import type { TpmBehaviour } from '../generation/behaviour.ts';
import type { TpmVersion } from '../generation/libtpms.ts';
import type { CommandRecord } from '../record.ts';
import { LIMITS, type Limits } from './limits.ts';
import { manufacture } from './manufacture.ts';
import type { State } from './state.ts';

/** The inside of a TPM: what commands work on. It never leaves the room. */
export class Core {
  readonly random: Random;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly commands: ReadonlyMap<number, CommandRecord>;
  readonly version: TpmVersion;
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
    commands: ReadonlyMap<number, CommandRecord>,
    version: TpmVersion,
  ) {
    this.random = random;
    this.clock = clock;
    this.#secrets = secrets;
    this.makeRsa = makeRsa;
    this.version = version;
    this.limits = { ...LIMITS, persistentObjects: version.behaviour.persistentObjects, ...limits };
    this.commands = commands;
    this.state = manufacture(this);
  }

  get behaviour(): TpmBehaviour {
    return this.version.behaviour;
  }

  /** Fresh random bytes of the TPM's generator. */
  bytes = (count: number): Uint8Array => this.random.bytes(count);

  /** Registers a secret that came into being inside. */
  secret(name: string, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#secrets?.register(name, bytes, ['tpm']);
  }
}
