import { Halt } from '../../hcall/index.ts';
import { H, H_TPM_COMM, hasTpmHeader, hName, sizeOf, TPM_COMM_BYTES, TPM_COMM_OP } from '../../spec/index.ts';
import { type TpmTransport, TransportError } from '../../tpm/client/index.ts';
import type { SvmContext } from '../core/ultravisor.ts';
import { hypercall } from '../hypervisor/hypercall.ts';
import { pinned } from '../memory/pinned.ts';
import { writeSvm } from '../memory/svm-memory.ts';

const NO_BUFFERS = { in_buffer: 0, in_size: 0, out_buffer: 0, out_size: 0 } as const;
const ZEROS = new Uint8Array(TPM_COMM_BYTES);

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
    const { tpmBounce, tpmTransfer } = svm.reserved ?? { tpmBounce: null, tpmTransfer: null };
    if (tpmBounce === null || tpmTransfer === null) throw new TransportError('TSS_RC_BAD_CONNECTION', 'the SVM has no bounce page');
    if (command.length > TPM_COMM_BYTES) throw new TransportError('TSS_RC_BAD_CONNECTION', `EFBIG: a command of ${command.length} bytes`);
    this.#used = true;
    const page = await pinned(ctx, tpmBounce);
    uv.memory.write(page, command, 'ultravisor');
    const { r3, out } = await hypercall(uv, vcpu, H_TPM_COMM, {
      op: TPM_COMM_OP.EXECUTE,
      in_buffer: tpmBounce,
      in_size: command.length,
      out_buffer: tpmBounce,
      out_size: TPM_COMM_BYTES,
    });
    if (uv.svm(svm.lpid) !== svm) throw new Halt('guest', 'the hypervisor ended the SVM');
    if (r3 !== H.SUCCESS) {
      uv.memory.write(await pinned(ctx, tpmBounce), ZEROS, 'ultravisor');
      throw new TransportError('TSS_RC_BAD_CONNECTION', `${ERRNO[r3] ?? 'EIO'}: H_TPM_COMM gave ${hName(r3) ?? r3} (${r3})`);
    }
    const { size } = out;
    const fits = size <= BigInt(TPM_COMM_BYTES);
    if (!fits && !uv.check('response-size', false, `H_TPM_COMM says the response has ${size} bytes`, 'docs/reference/pef.md#h_tpm_comm')) {
      uv.assertionFailed('H_TPM_COMM answered more than 4096 bytes');
      throw new TransportError('TSS_RC_BAD_CONNECTION', `a response of ${size} bytes does not fit`);
    }
    const length = Number(fits ? size : BigInt(TPM_COMM_BYTES));
    // Before the page is wanted again: one that was taken away meanwhile is read where it was.
    const response = uv.memory.read(page, length, 'ultravisor');
    // From here on the hypervisor cannot change it: the secure copy is what is parsed.
    await writeSvm(ctx, tpmTransfer, response, 'ultravisor');
    uv.memory.write(await pinned(ctx, tpmBounce), ZEROS, 'ultravisor');
    if (!hasTpmHeader(response)) throw new TransportError('TSS_RC_MALFORMED_RESPONSE', `a response of ${length} bytes`);
    if (sizeOf(response) !== length) {
      throw new TransportError('TSS_RC_BAD_CONNECTION', `${length} bytes came, responseSize says ${sizeOf(response)}`);
    }
    return response;
  }

  /** Ends the session of the proxy, if anything was transmitted; the result is ignored, as in the published code. */
  async close(): Promise<void> {
    if (this.#used && !this.#halted)
      await hypercall(this.#ctx.uv, this.#ctx.vcpu, H_TPM_COMM, { op: TPM_COMM_OP.CLOSE_SESSION, ...NO_BUFFERS });
    this.#used = false;
  }
}
