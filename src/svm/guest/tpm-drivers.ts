import { gfnOf, MSR, PAGE_BYTES, type Vcpu } from '../../hcall/index.ts';
import {
  type CallInput,
  type CallResults,
  H_CEDE,
  H_PUT_TCE,
  H_REG_CRQ,
  H_SEND_CRQ,
  H_TPM_COMM,
  type HypercallSignature,
  makeCall,
  type RegisterUses,
  TPM_COMM_BYTES,
  TPM_COMM_OP,
  UV_SHARE_PAGE,
} from '../../spec/index.ts';
import type { Platform } from './platform.ts';

// What the kernel of a guest does with its two TPM devices: the vTPM of the VIO bus (Linux drivers/char/tpm/tpm_ibmvtpm.c), and the
// hypercall of spapr-tpm-proxy, which no kernel but the Ultravisor uses and any kernel may.

const IO_PAGE = 4096;
/** Of a TCE: the device may read and write. */
const READ_WRITE = 3n;
/** I/O addresses within the device's window. */
const QUEUE_IOBA = 0x1000;
const BUFFER_IOBA = 0x2000;
const ENTRY_BYTES = 16;
const INIT = 0xc0;
const COMMAND = 0x80;
const MSG = { init: 1, tpmCommand: 2, response: 0x82 } as const;

/** Where a driver stands, as plain data: it travels with the guest. */
export interface TpmDriverState {
  /** The queue is registered, its pages are mapped (and shared, in a Secure VM). */
  readonly begun: boolean;
  /** Number of the queue's entry that is looked at next. */
  readonly next: number;
  /** The pages were shared with the hypervisor. */
  readonly shared: boolean;
}
export const NO_DRIVER: TpmDriverState = { begun: false, next: 0, shared: false };

/** No response was had: what the driver would log. */
export class TpmDriverError extends Error {
  override readonly name = 'TpmDriverError';
}

/** A guest's kernel with its TPM devices. */
export class TpmDrivers {
  readonly #platform: Platform;
  readonly #boot: () => Vcpu;
  readonly #queue: bigint;
  readonly #buffer: bigint;
  state: TpmDriverState = NO_DRIVER;

  /** `boot` gives the vCPU on which the drivers run, `pages` where the kernel keeps two pages for them. */
  constructor(platform: Platform, boot: () => Vcpu, pages: bigint) {
    this.#platform = platform;
    this.#boot = boot;
    this.#queue = pages;
    this.#buffer = pages + BigInt(PAGE_BYTES);
  }

  get #vcpu(): Vcpu {
    return this.#boot();
  }

  /** A command by the vTPM with this unit address. @throws {TpmDriverError} */
  async byVtpm(unit: number, command: Uint8Array): Promise<Uint8Array> {
    await this.#begin(unit);
    await this.#write(this.#buffer, command);
    await this.#send(unit, COMMAND, MSG.tpmCommand, command.length, BUFFER_IOBA);
    const { valid, msg, length } = await this.#take();
    if (valid !== COMMAND || msg !== MSG.response)
      throw new TpmDriverError(`the vTPM answers with message 0x${msg.toString(16)}, which is no response`);
    return this.#read(this.#buffer, length);
  }

  /** A command by H_TPM_COMM. @throws {TpmDriverError} with the code in r3. */
  async byProxy(command: Uint8Array): Promise<Uint8Array> {
    await this.#share();
    await this.#write(this.#buffer, command);
    const [in_buffer, out_buffer] = [this.#buffer, this.#buffer];
    const input = { op: TPM_COMM_OP.EXECUTE, in_buffer, in_size: command.length, out_buffer, out_size: TPM_COMM_BYTES };
    const { r3, out } = await this.#call(H_TPM_COMM, input);
    if (r3 !== 0n) throw new TpmDriverError(`H_TPM_COMM gives ${r3}`);
    return this.#read(this.#buffer, Number(out.size));
  }

  async #begin(unit: number): Promise<void> {
    await this.#share();
    if (this.state.begun) return;
    await this.#must(H_PUT_TCE, { liobn: unit, ioba: QUEUE_IOBA, tce: this.#queue | READ_WRITE });
    await this.#must(H_PUT_TCE, { liobn: unit, ioba: BUFFER_IOBA, tce: this.#buffer | READ_WRITE });
    await this.#write(this.#queue, new Uint8Array(IO_PAGE));
    await this.#must(H_REG_CRQ, { unit, queue: QUEUE_IOBA, length: IO_PAGE });
    this.state = { ...this.state, begun: true, next: 0 };
    await this.#send(unit, INIT, MSG.init, 0, 0);
    const { valid } = await this.#take();
    if (valid !== INIT) throw new TpmDriverError('the vTPM does not answer the first message');
  }

  /** What the device reads and writes must be the hypervisor's to read: a Secure VM shares it first. */
  async #share(): Promise<void> {
    if (!this.#vcpu.has(MSR.S) || this.state.shared) return;
    const vcpu = this.#vcpu;
    const saved = vcpu.saved();
    const pages = { gfn: gfnOf(this.#queue), num: 2 };
    const { r3 } = await makeCall(vcpu, UV_SHARE_PAGE, pages, () => this.#platform.ultracall(vcpu));
    vcpu.load(saved);
    // The published firmware leaves r3 as it was when it succeeds (docs/reference/pef.md#what-ultracalls-leave-undone).
    if (r3 !== 0n && r3 !== BigInt(UV_SHARE_PAGE.number)) throw new TpmDriverError(`UV_SHARE_PAGE gives ${r3}`);
    // Sharing empties the pages; the device goes on at the entry where it was.
    this.state = { ...this.state, shared: true };
  }

  async #send(unit: number, valid: number, msg: number, length: number, data: number): Promise<void> {
    const word = (BigInt(valid) << 56n) | (BigInt(msg) << 48n) | (BigInt(length) << 32n) | BigInt(data);
    await this.#must(H_SEND_CRQ, { unit, word0: word, word1: 0 });
  }

  /** Waits for the queue's interrupt and takes the entry. */
  async #take(): Promise<{ readonly valid: number; readonly msg: number; readonly length: number }> {
    await this.#must(H_CEDE, {});
    const { next } = this.state;
    const at = this.#queue + BigInt(next * ENTRY_BYTES);
    const entry = await this.#read(at, ENTRY_BYTES);
    const [valid = 0, msg = 0, high = 0, low = 0] = entry;
    if (valid === 0) throw new TpmDriverError('the vTPM does not answer');
    await this.#write(at, new Uint8Array(ENTRY_BYTES));
    this.state = { ...this.state, next: (next + 1) % (IO_PAGE / ENTRY_BYTES) };
    return { valid, msg, length: (high << 8) | low };
  }

  async #must<I extends RegisterUses>(call: HypercallSignature<I>, input: CallInput<I>): Promise<void> {
    const { r3 } = await this.#call(call, input);
    if (r3 !== 0n) throw new TpmDriverError(`${call.name} gives ${r3}`);
  }

  async #call<I extends RegisterUses, O extends RegisterUses>(
    call: HypercallSignature<I, O>,
    input: CallInput<I>,
  ): Promise<CallResults<O>> {
    const vcpu = this.#vcpu;
    const saved = vcpu.saved();
    const results = await makeCall(vcpu, call, input, () => this.#platform.hypercall(vcpu));
    vcpu.load(saved);
    return results;
  }

  #read(gpa: bigint, length: number): Promise<Uint8Array> {
    return this.#platform.read(this.#vcpu, gpa, length);
  }

  #write(gpa: bigint, bytes: Uint8Array): Promise<void> {
    return this.#platform.write(this.#vcpu, gpa, bytes);
  }
}
