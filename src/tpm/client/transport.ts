/** Something that takes a whole TPM command and gives the whole response: a TPM, a resource manager's space, a hypercall. */
export interface TpmTransport {
  /** @throws {TransportError} when no response was had. */
  transmit(command: Uint8Array): Promise<Uint8Array>;
}

/** The way to the TPM failed. `tssCode`: what IBM's TSS would call it (docs/reference/pef.md#errors-on-the-way-to-the-tpm). */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly tssCode: 'TSS_RC_BAD_CONNECTION' | 'TSS_RC_MALFORMED_RESPONSE';
  constructor(tssCode: TransportError['tssCode'], detail: string) {
    super(detail);
    this.tssCode = tssCode;
  }
}
