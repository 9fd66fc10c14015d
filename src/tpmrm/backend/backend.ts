/** A way to a TPM: takes a whole command, gives the whole response. One command at a time. */
export interface Backend {
  /** For messages: `embedded`, `swtpm (pid 4711)`, `mssim:localhost:2321`. */
  readonly name: string;
  /** @throws {BackendError} when the TPM is gone, silent, or gave something that is no response. */
  transmit(command: Uint8Array): Promise<Uint8Array>;
  /** Power off and on; TPM2_Startup is needed afterwards. Brings back a backend that died. */
  reset?(): Promise<void>;
  /** Waits in real time, where the TPM lives in real time. */
  pause?(ms: number): Promise<void>;
  close(): Promise<void>;
}

export type BackendFault = 'dead' | 'timeout' | 'garbage';

/** No response was had from the TPM. The device file makes an errno of it, the guest sees H_RESOURCE. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly fault: BackendFault;
  constructor(fault: BackendFault, detail: string, cause?: unknown) {
    super(detail, { cause });
    this.fault = fault;
  }

  /** What a Linux driver would return: a device that left, a time-out, a transfer that makes no sense. */
  get errno(): 'EPIPE' | 'ETIME' | 'EIO' {
    return ({ dead: 'EPIPE', timeout: 'ETIME', garbage: 'EIO' } as const)[this.fault];
  }
}
