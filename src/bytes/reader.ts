/**
 * Why decoding stopped. `short`: the bytes end inside the field; `value`: a number the type does not have; `size`: a length
 * field that contradicts its contents; `trailing`: bytes left over; `reserved`: bits that must be zero. A codec may name its
 * own (`hash`, `curve`): a layer above maps faults to the codes of its standard.
 */
export type Fault = 'short' | 'value' | 'size' | 'trailing' | 'reserved' | 'selector' | (string & {});

/** Bytes that are not what the codec describes. `offset` is the first byte of the field, in bytes from the start. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly fault: Fault;
  readonly path: string;
  readonly offset: number;
  /** Of fault `short`: how many bytes there must be before reading can go on. */
  readonly needs: number | undefined;
  constructor(fault: Fault, path: string, offset: number, detail: string, needs?: number) {
    super(`${path || 'value'} at byte ${offset}: ${detail}`);
    this.fault = fault;
    this.path = path;
    this.offset = offset;
    this.needs = needs;
  }
}

/** What a listener is told of each field, inner fields before the one that holds them. */
export interface FieldSeen {
  readonly path: string;
  /** Name of the field's codec, a standard's type name where there is one. */
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly value: unknown;
  /** The value as a person reads it, for fields without inner fields. */
  readonly text?: string;
}

/** Reads big-endian numbers and byte strings, and knows at any moment where it is and what it is reading. */
export class Reader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly #view: DataView;
  readonly #path: (string | number)[] = [];
  readonly onField: ((field: FieldSeen) => void) | undefined;
  /** Told of what a type refuses though the bytes can be read; absent where it is an error. */
  readonly onRefusal: ((what: string) => void) | undefined;
  /** By the name of an enumeration or of bits: values or bits that who reads does not take, though the codec knows them. */
  readonly lacks: ReadonlyMap<string, readonly number[]> | undefined;
  #end: number;

  constructor(
    given: Uint8Array,
    onField?: (field: FieldSeen) => void,
    onRefusal?: (what: string) => void,
    lacks?: ReadonlyMap<string, readonly number[]>,
  ) {
    // A Buffer's slice would share its memory with what was decoded.
    const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
    this.bytes = bytes;
    this.offset = 0;
    this.#end = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.onField = onField;
    this.onRefusal = onRefusal;
    this.lacks = lacks;
  }

  get remaining(): number {
    return this.#end - this.offset;
  }

  get path(): string {
    return this.#path
      .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 || step.startsWith('[') ? step : `.${step}`))
      .join('');
  }

  fail(fault: Fault, detail: string, offset = this.offset): never {
    throw new DecodeError(fault, this.path, offset, detail);
  }

  /** A value that the type does not allow: an error, unless the reader takes what other implementations allow. */
  refuse(fault: Fault, detail: string, offset = this.offset): void {
    if (!this.onRefusal) this.fail(fault, detail, offset);
    this.onRefusal(`${this.path} at byte ${offset}: ${detail}`);
  }

  #take(count: number): number {
    if (count > this.remaining) {
      const detail = `${count} byte${count === 1 ? '' : 's'} expected, ${this.remaining} left`;
      throw new DecodeError('short', this.path, this.offset, detail, this.offset + count);
    }
    const at = this.offset;
    this.offset += count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }
  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** The next `count` bytes, as a copy. */
  take(count: number): Uint8Array {
    const at = this.#take(count);
    return this.bytes.slice(at, at + count);
  }

  /** Everything up to the end. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  /** Runs `body` under a path step, so that errors and listeners name it. */
  at<T>(step: string | number, body: () => T): T {
    this.#path.push(step);
    const value = body();
    this.#path.pop(); // after a throw the path stays: the error has been made from it and the reader is of no more use
    return value;
  }

  /** Lets `body` see only the next `count` bytes; it must read all of them. */
  within<T>(count: number, body: () => T): T {
    if (count > this.remaining) this.fail('short', `${count} bytes expected, ${this.remaining} left`);
    const outer = this.#end;
    this.#end = this.offset + count;
    const value = body();
    if (this.remaining > 0) this.fail('size', `${this.remaining} of ${count} bytes left over`);
    this.#end = outer;
    return value;
  }
}
