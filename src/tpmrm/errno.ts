/** Numbers as the kernel's log shows them. */
const NUMBERS = {
  ENOENT: 2,
  EIO: 5,
  E2BIG: 7,
  EBADF: 9,
  ENOMEM: 12,
  EFAULT: 14,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  ENOTTY: 25,
  ENOSPC: 28,
  ESPIPE: 29,
  EPIPE: 32,
  ENODATA: 61,
  ETIME: 62,
} as const;

export type ErrnoName = keyof typeof NUMBERS;

/** A system call fails. Thrown where the kernel's checks lie deep; the open file turns it into a result, nobody else. */
export class Errno extends Error {
  override readonly name = 'Errno';
  readonly code: ErrnoName;
  constructor(code: ErrnoName) {
    super(code);
    this.code = code;
  }

  get number(): number {
    return NUMBERS[this.code];
  }
}

/** The result of `body`, with an `Errno` it throws as the failure it stands for. */
export async function asIoResult<T>(body: () => Promise<T>): Promise<{ readonly value: T } | { readonly errno: ErrnoName }> {
  try {
    return { value: await body() };
  } catch (error) {
    if (error instanceof Errno) return { errno: error.code };
    throw error;
  }
}
