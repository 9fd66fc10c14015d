/** The same bytes as a plain Uint8Array: `slice` of a Buffer would not copy. */
export const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
