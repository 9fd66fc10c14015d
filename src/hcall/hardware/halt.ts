/**
 * A simulated call from which there is no return: it unwinds whoever waited for the result, up to the strand that runs the
 * guest or the host. It is no Error: nothing is wrong with the simulator, and only `Halt` may be caught as such.
 */
export class Halt {
  /** `guest`: this guest's QEMU is gone or stuck. `host`: the whole machine stopped (an assertion of the Ultravisor). */
  readonly scope: 'guest' | 'host';
  readonly how: string;
  /** The signal that ended QEMU, if one did. */
  readonly signal: string | undefined;

  constructor(scope: 'guest' | 'host', how: string, signal?: string) {
    this.scope = scope;
    this.how = how;
    this.signal = signal;
  }
}
