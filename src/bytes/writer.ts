/** Appends big-endian numbers and byte strings to a buffer that grows. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(value: number): void {
    const at = this.#room(1); // may replace the view
    this.#view.setUint8(at, value);
  }
  u16(value: number): void {
    const at = this.#room(2); // may replace the view
    this.#view.setUint16(at, value);
  }
  u32(value: number): void {
    const at = this.#room(4); // may replace the view
    this.#view.setUint32(at, value);
  }
  u64(value: bigint): void {
    const at = this.#room(8); // may replace the view
    this.#view.setBigUint64(at, value);
  }
  raw(bytes: Uint8Array): void {
    const at = this.#room(bytes.length); // may replace the buffer
    this.#bytes.set(bytes, at);
  }

  /** Writes what `body` writes after its length in bytes, a field of `width` bytes. */
  sized(width: 1 | 2 | 4, body: () => void): void {
    const at = this.#room(width);
    const start = this.#length;
    body();
    const size = this.#length - start;
    if (width === 1) this.#view.setUint8(at, size);
    else if (width === 2) this.#view.setUint16(at, size);
    else this.#view.setUint32(at, size);
  }

  /** A copy of what was written. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
