import type { Actor, EventBus, Place } from './events.ts';

export interface Secret {
  readonly id: number;
  /** What it is, in the field's words: `wrapping-key-passwd`, `symmetric key of esm_blob.dtb`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly knownBy: readonly Actor[];
  /** seq of the event of its birth. */
  readonly born: number;
}

/** Every secret of a run, registered at its birth, so that anybody can ask later whether it was seen where it must not be. */
export class SecretRegister {
  readonly #bus: EventBus;
  #secrets: Secret[] = [];

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  /** The same bytes under the same name are registered once. */
  register(name: string, bytes: Uint8Array, knownBy: readonly Actor[], place: Place = {}): Secret {
    const known = this.#secrets.find(secret => secret.name === name && Buffer.compare(secret.bytes, bytes) === 0);
    if (known) return known;
    const id = this.#secrets.length;
    const copy = bytes.slice();
    const born = this.#bus.emit(
      'secret',
      knownBy[0] ?? 'owner',
      { id, name, bytes: bytes.length, knownBy },
      { sights: [{ what: name, bytes: copy, seenBy: knownBy }], place },
    );
    const secret: Secret = { id, name, bytes: copy, knownBy, born };
    this.#secrets.push(secret);
    return secret;
  }

  get all(): readonly Secret[] {
    return this.#secrets;
  }

  snapshot(): readonly Secret[] {
    return [...this.#secrets];
  }

  restore(secrets: readonly Secret[]): void {
    this.#secrets = [...secrets];
  }
}
