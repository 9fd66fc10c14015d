import type { Clock, Random, SecretRegister, Stateful } from '../sim/index.ts';
import { commands } from './commands/index.ts';
import { dispatch } from './dispatch.ts';
import { Core, type Limits } from './model/core.ts';
import { powerOff, powerOn } from './model/power.ts';
import type { State } from './model/state.ts';

export interface TpmOptions {
  /** The TPM's generator: all its keys, nonces and seeds come from here. */
  readonly random: Random;
  readonly clock: Clock;
  /** Told of keys that are born inside. */
  readonly secrets?: SecretRegister;
  readonly limits?: Partial<Limits>;
}

export interface TpmState {
  readonly state: State;
  readonly random: ReturnType<Random['snapshot']>;
}

/** A TPM 2.0. It takes bytes and gives bytes; nothing else reaches into it, except who has power, button and restart line. */
export class Tpm implements Stateful<TpmState> {
  readonly #core: Core;

  /** Made and powered on; it wants TPM2_Startup. */
  constructor(options: TpmOptions) {
    this.#core = new Core(options, commands);
    powerOn(this.#core);
  }

  /** The response to one command, for any bytes. `locality` 0 to 4, or 32 and above. */
  execute(command: Uint8Array, locality = 0): Uint8Array {
    return dispatch(this.#core, command, locality);
  }

  /** _TPM_Init: power comes, or the platform's reset line. Volatile state is lost. */
  powerOn(): void {
    powerOff(this.#core);
    powerOn(this.#core);
  }

  /** Power goes. Without TPM2_Shutdown before, that is a disorderly shutdown. */
  powerOff(): void {
    powerOff(this.#core);
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

  /** Somebody presses or releases the button (physical presence). */
  set physicalPresence(asserted: boolean) {
    this.#core.physicalPresence = asserted;
  }

  snapshot(): TpmState {
    return structuredClone({ state: this.#core.state, random: this.#core.random.snapshot() });
  }

  restore(snapshot: TpmState): void {
    const { state, random } = structuredClone(snapshot);
    this.#core.state = state;
    this.#core.random.restore(random);
  }
}
