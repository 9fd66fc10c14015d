import { DecodeError } from '../../bytes/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { EsmError, type EsmFault } from '../format/index.ts';

/** What a person can do about each fault of a blob. */
const HINTS: Readonly<Record<EsmFault, string>> = {
  'not-esm': 'An ESM blob has compatible = "ibm,esm"; is this another device tree?',
  structure: 'The blob was not made by svm-tool or svm-sim, or was cut. Make it again.',
  algorithm: 'Only SHA256 fingerprints, SHA512 digests and AES256-GCM are in use.',
  'no-lockbox': 'The key is not among those the blob was made for; `inspect` lists them.',
  'no-digests': 'Add them with `esm digest` or make the blob with a digest item.',
  'no-file': '`inspect` lists the attachments.',
  'wrong-key': 'Give the private half of the public key that was authorized.',
  'key-size': 'The lockbox was not made by svm-tool: it holds 32 bytes there.',
  tampered: 'The item was altered, or belongs to another blob.',
  limit: 'The Ultravisor could not take this blob.',
};

const SHORT = 'The file is cut off, or is not an ESM blob.';
const NEWC = 'This is a cpio archive, such as an initrd: give the blob itself.';

/**
 * Faults of a blob's bytes as the person sees them: file, byte, what to do. Any other error goes up untouched.
 * @param file how the person named it.
 */
export function explained<T>(file: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw explanation(file, error);
  }
}

/** The same for what takes its time. */
export async function explainedLater<T>(file: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw explanation(file, error);
  }
}

/** Faults of another kind of file than a blob, such as a `vmlinux`. */
export function explainedFile<T>(file: string, hint: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new SimulatorError(`file.${error.fault}`, { where: file, what: error.message, hint, cause: error });
  }
}

function explanation(file: string, error: unknown): unknown {
  if (error instanceof EsmError)
    return new SimulatorError(`esm.${error.fault}`, { where: file, what: error.message, hint: HINTS[error.fault], cause: error });
  if (!(error instanceof DecodeError)) return error;
  const hint = error.fault === 'short' ? SHORT : error.message.includes('0x30373037') ? NEWC : undefined;
  return new SimulatorError(`fdt.${error.fault}`, { where: file, what: error.message, ...(hint ? { hint } : {}), cause: error });
}
