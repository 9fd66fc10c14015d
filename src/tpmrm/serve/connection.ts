import { getU32 } from '../../bytes/index.ts';
import type { ServedChannel, Taken, Wanting } from '../../protocols/index.ts';
import { TPM_HEADER_BYTES } from '../../spec/index.ts';
import type { HostFile } from '../host-file.ts';

/** As much as /dev/tpmrm0 takes in one write. */
const LARGEST_COMMAND = 4096;

/**
 * One client, one open file of /dev/tpmrm0. A stream has no errno: where write(2) or read(2) would fail, the connection ends,
 * which a proxy behind a pseudo-terminal sees as EIO.
 */
export function fileChannel(file: HostFile, reason: () => string | undefined = () => undefined): ServedChannel {
  const failed = (call: string, result: object): string => {
    const errno = 'errno' in result ? String(result.errno) : 'no result';
    const kernel = errno === 'EFAULT' ? reason() : undefined;
    return `${call} gave ${errno}${kernel === undefined ? '' : `: ${kernel}`}`;
  };
  return {
    take(received): Wanting | Promise<Taken> | Taken {
      if (received.length < TPM_HEADER_BYTES) return { wants: TPM_HEADER_BYTES };
      const size = getU32(received, 2);
      if (size < TPM_HEADER_BYTES || size > LARGEST_COMMAND)
        return { used: received.length, end: 'it sent bytes that begin no TPM command' };
      return received.length < size ? { wants: size } : answered(file, received.slice(0, size), failed);
    },
    close: () => file.close(),
  };
}

async function answered(file: HostFile, command: Uint8Array, failed: (call: string, result: object) => string): Promise<Taken> {
  const written = await file.write(command);
  const used = command.length;
  if (!('value' in written)) return { used, end: failed('write', written) };
  const read = await file.read(LARGEST_COMMAND);
  if (!('value' in read)) return { used, end: failed('read', read) };
  return { used, answer: read.value };
}
