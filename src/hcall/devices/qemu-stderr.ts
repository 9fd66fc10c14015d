import type { Place, World } from '../../sim/index.ts';

/** How a line on QEMU's stderr begins in the record: the lines are `note` events of the hypervisor. */
export const QEMU_STDERR = "QEMU's stderr: ";

/** Linux's numbers of the failures that a host file may have: QEMU prints the number, whatever system we run on. */
const ERRNO_NUMBERS: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ELOOP: 40,
  ENODATA: 61,
  ETIME: 62,
  EPROTO: 71,
  ECONNRESET: 104,
  ESHUTDOWN: 108,
  ETIMEDOUT: 110,
};

/** The number of an errno name; a name that is not in the table is shown as it is. */
export const errnoNumber = (name: string): number | string => ERRNO_NUMBERS[name] ?? name;

/** QEMU's error_report(), and what the C library prints when it ends the process. */
export function reportOnStderr({ bus }: World, place: Place, line: string): void {
  if (bus.active) bus.emit('note', 'hypervisor', { text: QEMU_STDERR + line }, { place });
}
