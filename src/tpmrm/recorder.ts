import { hex } from '../bytes/index.ts';
import type { Actor, EventBus, Place } from '../sim/index.ts';
import { codeOf, rcOf, sizeOf, TPM_HEADER_BYTES } from '../spec/index.ts';

/** Names for codes. This room has no table of its own: the machine hands over the TPM room's. */
export interface Describe {
  readonly command: (code: number) => string;
  readonly response: (rc: number) => string;
}

const BY_NUMBER: Describe = { command: code => hex(code), response: rc => hex(rc) };
/** The resource manager is part of the host's kernel: what it sees, the hypervisor sees. */
const SEEN_BY: readonly Actor[] = ['hypervisor', 'tpmrm', 'tpm'];

/** Who sends a command, by which way, and who sees it there. */
export interface TpmRoute {
  readonly via: string;
  readonly from: Actor;
  readonly seenBy: readonly Actor[];
  readonly place: Place;
  readonly describe: Describe;
  /** `course`: what happens on the way is caused by the command. `answer`: the response alone is. */
  readonly causes: 'course' | 'answer';
}

/** Records the command, then what `transmit` does in its course, then the response that it gives. */
export async function recordExchange(
  bus: EventBus | undefined,
  { via, from, seenBy, place, describe, causes }: TpmRoute,
  command: Uint8Array,
  transmit: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (!bus?.active) return transmit();
  const code = codeOf(command);
  const name = describe.command(code);
  const options = (what: string, bytes: Uint8Array) => ({ sights: [{ what, bytes, seenBy }], place });
  const sent = command.slice(0, Math.max(sizeOf(command), TPM_HEADER_BYTES));
  const cause = bus.emit('tpm.command', from, { name, code, via }, options('command', sent));
  const response = await (causes === 'course' ? bus.within(cause, transmit) : transmit());
  const rc = rcOf(response);
  const answer = { name, code, via, rc, rcName: describe.response(rc) };
  bus.emit('tpm.response', 'tpm', answer, { ...options('response', response.slice()), ...(causes === 'answer' ? { cause } : {}) });
  return response;
}

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

  /** A command that the kernel passes on or sends itself. */
  exchange(via: string, command: Uint8Array, transmit: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const route = { via, from: 'tpmrm', seenBy: SEEN_BY, place: this.#place, describe: this.#describe, causes: 'course' } as const;
    return recordExchange(this.#bus, route, command, transmit);
  }

  space(space: number, what: 'open' | 'close' | 'ruined', detail: string): void {
    if (this.#bus?.active) this.#bus.emit('tpmrm.space', 'tpmrm', { space, what, detail }, { place: this.#place });
  }

  note(text: string): void {
    if (this.#bus?.active) this.#bus.emit('note', 'tpmrm', { text }, { place: this.#place });
  }
}
