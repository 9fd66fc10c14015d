/** Result of a system call: its value, an errno name, or the caller stays in it for ever. */
export type IoResult<T> = { readonly value: T } | { readonly errno: string } | { readonly blocks: true };

/** An open character device, as a process of the host sees it: `/dev/tpmrm0`, or whatever else a host-path names. */
export interface HostFile {
  /** write(2): how many bytes were taken. */
  write(data: Uint8Array): Promise<IoResult<number>>;
  /** read(2) of up to `count` bytes; no bytes at all is end of file. */
  read(count: number): Promise<IoResult<Uint8Array>>;
  close(): Promise<void>;
}

/** The part of the host's file system that devices open. */
export interface HostFiles {
  /** open(path, O_RDWR). */
  open(path: string): Promise<IoResult<HostFile>>;
}
