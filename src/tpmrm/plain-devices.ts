import type { HostFile } from './host-file.ts';

/** Files of /dev that are no TPM and yet can be named as a host-path. */
export const PLAIN_DEVICES: Readonly<Record<string, HostFile>> = {
  '/dev/null': plain(false, () => new Uint8Array(0)),
  '/dev/zero': plain(false, count => new Uint8Array(count)),
  '/dev/full': plain(true, count => new Uint8Array(count)),
};

function plain(full: boolean, read: (count: number) => Uint8Array): HostFile {
  return {
    write: async data => (full && data.length > 0 ? { errno: 'ENOSPC' } : { value: data.length }),
    read: async count => ({ value: read(count) }),
    close: async () => {},
  };
}
