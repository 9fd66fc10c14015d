import { MSR, PAGE_BYTES, type Vcpu } from '../../hcall/index.ts';
import { s64 } from '../../spec/index.ts';
import type { Platform } from './platform.ts';

// What the kernel of a guest does with its two TPM devices: the vTPM of the VIO bus (Linux drivers/char/tpm/tpm_ibmvtpm.c), and the
// hypercall of spapr-tpm-proxy, which no kernel but the Ultravisor uses and any kernel may.

const CALL = { H_PUT_TCE: 0x20, H_CEDE: 0xe0, H_REG_CRQ: 0xfc, H_SEND_CRQ: 0x108, H_TPM_COMM: 0xef10 } as const;
const UV_SHARE_PAGE = 0xf130;
const EXECUTE = 1;
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

/** The last two pages of RAM: the kernel keeps them for its drivers. */
const pagesOf = (ramBytes: bigint): { readonly queue: bigint; readonly buffer: bigint } => ({
  queue: ramBytes - BigInt(2 * PAGE_BYTES),
  buffer: ramBytes - BigInt(PAGE_BYTES),
});

/** A guest's kernel with its TPM devices. */
export class TpmDrivers {
  readonly #platform: Platform;
  readonly #boot: () => Vcpu;
  readonly #queue: bigint;
  readonly #buffer: bigint;
  state: TpmDriverState = NO_DRIVER;

  /** `boot` gives the vCPU on which the drivers run. */
  constructor(platform: Platform, boot: () => Vcpu, ramBytes: bigint) {
    this.#platform = platform;
    this.#boot = boot;
    const { queue, buffer } = pagesOf(ramBytes);
    this.#queue = queue;
    this.#buffer = buffer;
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
    const { r3, r4 } = await this.#call(CALL.H_TPM_COMM, EXECUTE, this.#buffer, command.length, this.#buffer, IO_PAGE);
    if (r3 !== 0n) throw new TpmDriverError(`H_TPM_COMM gives ${r3}`);
    return this.#read(this.#buffer, Number(r4));
  }

  async #begin(unit: number): Promise<void> {
    await this.#share();
    if (this.state.begun) return;
    await this.#must(CALL.H_PUT_TCE, unit, QUEUE_IOBA, this.#queue | READ_WRITE);
    await this.#must(CALL.H_PUT_TCE, unit, BUFFER_IOBA, this.#buffer | READ_WRITE);
    await this.#write(this.#queue, new Uint8Array(IO_PAGE));
    await this.#must(CALL.H_REG_CRQ, unit, QUEUE_IOBA, IO_PAGE);
    this.state = { ...this.state, begun: true, next: 0 };
    await this.#send(unit, INIT, MSG.init, 0, 0);
    const { valid } = await this.#take();
    if (valid !== INIT) throw new TpmDriverError('the vTPM does not answer the first message');
  }

  /** What the device reads and writes must be the hypervisor's to read: a Secure VM shares it first. */
  async #share(): Promise<void> {
    if (!this.#vcpu.has(MSR.S) || this.state.shared) return;
    const saved = this.#vcpu.saved();
    this.#vcpu.set(3, UV_SHARE_PAGE);
    this.#vcpu.set(4, this.#queue / BigInt(PAGE_BYTES));
    this.#vcpu.set(5, 2);
    await this.#platform.ultracall(this.#vcpu);
    const r3 = s64(this.#vcpu.get(3));
    this.#vcpu.load(saved);
    // The published firmware leaves r3 as it was when it succeeds (docs/reference/pef.md#what-ultracalls-leave-undone).
    if (r3 !== 0n && r3 !== BigInt(UV_SHARE_PAGE)) throw new TpmDriverError(`UV_SHARE_PAGE gives ${r3}`);
    // Sharing empties the pages; the device goes on at the entry where it was.
    this.state = { ...this.state, shared: true };
  }

  async #send(unit: number, valid: number, msg: number, length: number, data: number): Promise<void> {
    const word = (BigInt(valid) << 56n) | (BigInt(msg) << 48n) | (BigInt(length) << 32n) | BigInt(data);
    await this.#must(CALL.H_SEND_CRQ, unit, word, 0n);
  }

  /** Waits for the queue's interrupt and takes the entry. */
  async #take(): Promise<{ readonly valid: number; readonly msg: number; readonly length: number }> {
    await this.#must(CALL.H_CEDE);
    const { next } = this.state;
    const at = this.#queue + BigInt(next * ENTRY_BYTES);
    const entry = await this.#read(at, ENTRY_BYTES);
    const [valid = 0, msg = 0, high = 0, low = 0] = entry;
    if (valid === 0) throw new TpmDriverError('the vTPM does not answer');
    await this.#write(at, new Uint8Array(ENTRY_BYTES));
    this.state = { ...this.state, next: (next + 1) % (IO_PAGE / ENTRY_BYTES) };
    return { valid, msg, length: (high << 8) | low };
  }

  async #must(number: number, ...args: readonly (bigint | number)[]): Promise<void> {
    const { r3 } = await this.#call(number, ...args);
    if (r3 !== 0n) throw new TpmDriverError(`hypercall 0x${number.toString(16)} gives ${r3}`);
  }

  async #call(number: number, ...args: readonly (bigint | number)[]): Promise<{ readonly r3: bigint; readonly r4: bigint }> {
    const vcpu = this.#vcpu;
    const saved = vcpu.saved();
    vcpu.set(3, number);
    args.forEach((arg, i) => {
      vcpu.set(4 + i, arg);
    });
    await this.#platform.hypercall(vcpu);
    const after = { r3: s64(vcpu.get(3)), r4: vcpu.get(4) };
    vcpu.load(saved);
    return after;
  }

  #read(gpa: bigint, length: number): Promise<Uint8Array> {
    return this.#platform.read(this.#vcpu, gpa, length);
  }

  #write(gpa: bigint, bytes: Uint8Array): Promise<void> {
    return this.#platform.write(this.#vcpu, gpa, bytes);
  }
}
