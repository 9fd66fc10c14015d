import { Halt } from '../../hcall/index.ts';
import { H, hName } from '../../spec/index.ts';
import { type TpmTransport, TransportError } from '../../tpm/client/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { hypercall } from '../hypervisor/hypercall.ts';
import { readSvm, writeSvm } from '../memory/svm-memory.ts';

const H_TPM_COMM = 0xef10;
const EXECUTE = 1;
const CLOSE_SESSION = 2;
const BUFFER_BYTES = 4096;
const HEADER_BYTES = 10;
const ZEROS = new Uint8Array(BUFFER_BYTES);

/**
 * How the Ultravisor reads a result of H_TPM_COMM (open-power/ultravisor svm/svm-tss.c;
 * docs/reference/pef.md#errors-on-the-way-to-the-tpm); all else is EIO.
 */
const ERRNO: Readonly<Record<number, string>> = {
  [H.FUNCTION]: 'EINVAL',
  [H.PARAMETER]: 'EFBIG',
  [H.NOT_AVAILABLE]: 'ENODEV',
  [H.RESOURCE]: 'EIO',
};

/** The Ultravisor's way to the TPM: H_TPM_COMM with the shared bounce page; the answer is moved to the secure transfer page. */
export class HcallTransport implements TpmTransport {
  readonly #ctx: SvmContext;
  #used = false;
  /** The machine, or the guest, stopped on the way: nobody is left who could clean up. */
  #halted: Halt | null = null;

  constructor(ctx: SvmContext) {
    this.#ctx = ctx;
  }

  async transmit(command: Uint8Array): Promise<Uint8Array> {
    if (this.#halted) throw this.#halted; // oxlint-disable-line typescript/only-throw-error -- see Halt
    try {
      return await this.#transmit(command);
    } catch (error) {
      if (error instanceof Halt) this.#halted = error;
      throw error;
    }
  }

  async #transmit(command: Uint8Array): Promise<Uint8Array> {
    const ctx = this.#ctx;
    const { uv, svm, vcpu } = ctx;
    if (!svm.reserved) throw new TransportError('TSS_RC_BAD_CONNECTION', 'the SVM has no bounce page');
    const { tpmBounce, tpmTransfer } = svm.reserved;
    if (command.length > BUFFER_BYTES) throw new TransportError('TSS_RC_BAD_CONNECTION', `EFBIG: a command of ${command.length} bytes`);
    this.#used = true;
    await writeSvm(ctx, tpmBounce, command, 'ultravisor');
    const { r3, out } = await hypercall(uv, vcpu, H_TPM_COMM, EXECUTE, tpmBounce, command.length, tpmBounce, BUFFER_BYTES);
    if (r3 !== H.SUCCESS) {
      throw new TransportError('TSS_RC_BAD_CONNECTION', `${ERRNO[r3] ?? 'EIO'}: H_TPM_COMM gave ${hName(r3) ?? r3} (${r3})`);
    }
    const size = out[0] ?? 0n;
    const fits = size <= BigInt(BUFFER_BYTES);
    if (!fits && !uv.check('response-size', false, `H_TPM_COMM says the response has ${size} bytes`, 'docs/reference/pef.md#h_tpm_comm')) {
      uv.assertionFailed('H_TPM_COMM answered more than 4096 bytes');
      throw new TransportError('TSS_RC_BAD_CONNECTION', `a response of ${size} bytes does not fit`);
    }
    const length = Number(fits ? size : BigInt(BUFFER_BYTES));
    const response = await readSvm(ctx, tpmBounce, length, 'ultravisor');
    // From here on the hypervisor cannot change it: the secure copy is what is parsed.
    await writeSvm(ctx, tpmTransfer, response, 'ultravisor');
    await writeSvm(ctx, tpmBounce, ZEROS, 'ultravisor');
    if (length < HEADER_BYTES) throw new TransportError('TSS_RC_MALFORMED_RESPONSE', `a response of ${length} bytes`);
    const responseSize = new DataView(response.buffer, response.byteOffset).getUint32(2);
    if (responseSize !== length) {
      throw new TransportError('TSS_RC_BAD_CONNECTION', `${length} bytes came, responseSize says ${responseSize}`);
    }
    return response;
  }

  /** Ends the session of the proxy, if anything was transmitted; the result is ignored, as in the published code. */
  async close(): Promise<void> {
    if (this.#used && !this.#halted) await hypercall(this.#ctx.uv, this.#ctx.vcpu, H_TPM_COMM, CLOSE_SESSION);
    this.#used = false;
  }
}
