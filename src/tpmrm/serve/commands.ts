import { concat, getU32 } from '../../bytes/index.ts';
import { TPM_HEADER_BYTES } from '../../spec/index.ts';

/** As much as /dev/tpmrm0 takes in one write. */
export const LARGEST_COMMAND = 4096;

/** Cuts a stream of bytes into TPM commands by the size in their headers. */
export class CommandSplitter {
  #bytes: Uint8Array = new Uint8Array(0);

  add(chunk: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : concat(this.#bytes, chunk);
  }

  /** Bytes of a command that is not whole. */
  get rest(): number {
    return this.#bytes.length;
  }

  /** The next whole command; null: more bytes are needed; `nonsense`: no command can begin so, and none can be found after it. */
  next(): Uint8Array | null | 'nonsense' {
    if (this.#bytes.length < TPM_HEADER_BYTES) return null;
    const size = getU32(this.#bytes, 2);
    if (size < TPM_HEADER_BYTES || size > LARGEST_COMMAND) return 'nonsense';
    if (this.#bytes.length < size) return null;
    const command = this.#bytes.slice(0, size);
    this.#bytes = this.#bytes.slice(size);
    return command;
  }
}
