import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { LuksError } from './fault.ts';

/** Bytes at random access: an image in memory, a file of any size, or the decrypted payload of a volume. */
export interface ByteSource {
  /** What messages call it: the file's name. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Exactly these bytes, which must lie inside; the caller does not write to them. */
  read(offset: number, length: number): Uint8Array;
}

/** A file that is open until `close`. */
export interface FileSource extends ByteSource {
  close(): void;
}

export function memorySource(bytes: Uint8Array, name = 'image'): ByteSource {
  return {
    name,
    size: bytes.length,
    read(offset, length) {
      checkRange(this, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/**
 * Opens an image file; nothing of it is held in memory.
 * @throws {LuksError} `file` when it cannot be opened or is a directory.
 */
export function fileSource(path: string): FileSource {
  const file = attempt(path, () => openSync(path, 'r'));
  const stat = fstatSync(file);
  if (!stat.isFile()) {
    closeSync(file);
    throw new LuksError('file', 'is no regular file', { image: path });
  }
  return {
    name: path,
    size: stat.size,
    read(offset, length) {
      checkRange(this, offset, length);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const count = attempt(path, () => readSync(file, bytes, done, length - done, offset + done));
        if (count === 0) throw new LuksError('short', 'the file became shorter while it was read', { image: path, offset: offset + done });
        done += count;
      }
      return bytes;
    },
    close: () => closeSync(file),
  };
}

/** The source's bytes one piece after the other, `bytes` at a time: large images never stand in memory whole. */
export function* chunks(source: ByteSource, bytes = 1 << 20): Generator<Uint8Array> {
  for (let at = 0; at < source.size; at += bytes) yield source.read(at, Math.min(bytes, source.size - at));
}

function checkRange({ name, size }: ByteSource, offset: number, length: number): void {
  if (offset + length <= size) return;
  throw new LuksError('short', `${length} bytes expected, the image ends at byte ${size}`, { image: name, offset });
}

function attempt<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const what = code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`;
    throw new LuksError('file', what, { image: path });
  }
}
