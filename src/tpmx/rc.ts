import { TPM_RC } from '../tpm/wire/response-codes.ts';

/** A command is refused; turned into a response in `Tpm.execute` and nowhere else. */
export class Refused {
  readonly rc: number;
  constructor(rc: number) {
    this.rc = rc;
  }
}
export const inParameter = (n: number, rc: number): Refused => new Refused(rc + 0x40 + n * 0x100);
export const inHandle = (n: number, rc: number): Refused => new Refused(rc + n * 0x100);
export const inSession = (n: number, rc: number): Refused => new Refused(rc + 0x800 + n * 0x100);

/** What a decoder's fault is called (Part 2 §6.6). */
export const FAULT_RC: Readonly<Record<string, number>> = {
  short: TPM_RC.INSUFFICIENT, value: TPM_RC.VALUE, size: TPM_RC.SIZE, trailing: TPM_RC.SIZE, reserved: TPM_RC.RESERVED_BITS, selector: TPM_RC.SELECTOR,
  hash: TPM_RC.HASH, symmetric: TPM_RC.SYMMETRIC, mode: TPM_RC.MODE, type: TPM_RC.TYPE, curve: TPM_RC.CURVE, scheme: TPM_RC.SCHEME, kdf: TPM_RC.KDF,
};
