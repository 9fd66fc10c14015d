import { hex } from '../bytes/index.ts';
import type { Actor, EventBus, Place } from '../sim/index.ts';
import { codeOf, HEADER_SIZE, sizeOf } from './wire.ts';

/** Names for codes. This room has no table of its own: the machine hands over the TPM room's. */
export interface Describe {
  readonly command: (code: number) => string;
  readonly response: (rc: number) => string;
}

const BY_NUMBER: Describe = { command: code => hex(code), response: rc => hex(rc) };
/** The resource manager is part of the host's kernel: what it sees, the hypervisor sees. */
const SEEN_BY: readonly Actor[] = ['hypervisor', 'tpmrm', 'tpm'];

/** Puts what happens here on the bus, if anybody listens. */
export class Recorder {
  readonly #bus: EventBus | undefined;
  readonly #describe: Describe;
  readonly #place: Place;

  constructor(bus: EventBus | undefined, describe: Describe = BY_NUMBER, place: Place = {}) {
    this.#bus = bus;
    this.#describe = describe;
    this.#place = place;
  }

  /** Records the command, then what `body` does in its course, then the response that `body` gives. */
  async exchange(via: string, command: Uint8Array, body: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const bus = this.#bus;
    if (!bus?.active) return body();
    const code = codeOf(command);
    const name = this.#describe.command(code);
    const options = (what: string, bytes: Uint8Array) => ({
      sights: [{ what, bytes, seenBy: SEEN_BY }],
      place: this.#place,
    });
    const sent = command.slice(0, Math.max(sizeOf(command), HEADER_SIZE));
    const seq = bus.emit('tpm.command', 'tpmrm', { name, code, via }, options('command', sent));
    const response = await bus.within(seq, body);
    const rc = codeOf(response);
    const rcName = this.#describe.response(rc);
    bus.emit('tpm.response', 'tpm', { name, code, via, rc, rcName }, options('response', response.slice()));
    return response;
  }

  space(space: number, what: 'open' | 'close' | 'ruined', detail: string): void {
    if (this.#bus?.active) this.#bus.emit('tpmrm.space', 'tpmrm', { space, what, detail }, { place: this.#place });
  }

  note(text: string): void {
    if (this.#bus?.active) this.#bus.emit('note', 'tpmrm', { text }, { place: this.#place });
  }
}
