import { sizeOf, TPM_HEADER_BYTES } from '../../spec/index.ts';
import type { FrontendBackend, Refused, TpmAnswer } from '../backend/backend.ts';
import { memoryRegion, type Region } from '../bus.ts';
import type { Frontend, Surroundings, TpmDevice } from '../frontend.ts';
import { RunningCommand } from '../running.ts';
import { CRB_BASE, CRB_REGISTERS, type Crb, type CrbQuirks, DATA_BYTES, DATA_OFFSET, readCrb, writeCrb } from './registers.ts';

export const tpmCrb: Frontend = {
  model: 'tpm-crb',
  bus: 'system memory',
  about: 'Command response buffer of a PC, at 0xfed40000: registers, then 3968 bytes of memory for command and response.',
  source: 'QEMU hw/tpm/tpm_crb.c; TCG PC Client Platform TPM Profile, CRB interface',
  registers: CRB_REGISTERS,
  localities: 1,
};

export const CRB_7_2: CrbQuirks = {
  interfaceId: 0x0002_5811,
  bufferBytes: DATA_BYTES,
  anyStartBit: false,
  refusesShort: false,
  clearsBehind: false,
};

export interface CrbSnapshot {
  readonly granted: boolean;
  readonly idle: boolean;
  readonly failed: boolean;
  readonly started: boolean;
  readonly memory: Uint8Array;
}

/** QEMU's tpm-crb. */
export class CrbDevice implements TpmDevice<CrbSnapshot>, Crb {
  readonly backend: FrontendBackend;
  readonly quirks: CrbQuirks;
  readonly regions: readonly Region[];
  readonly memory = new Uint8Array(DATA_BYTES);
  readonly #running: RunningCommand;
  granted = false;
  idle = true;
  failed = false;
  started = false;

  constructor({ backend }: Surroundings, quirks: CrbQuirks = CRB_7_2) {
    this.backend = backend;
    this.quirks = quirks;
    this.#running = new RunningCommand(backend);
    this.regions = [
      {
        name: 'tpm-crb-mmio',
        base: CRB_BASE,
        bytes: DATA_OFFSET,
        read: (offset, size) => readCrb(this, offset, size),
        write: (offset, size, value) => writeCrb(this, offset, size, value),
      },
      memoryRegion('tpm-crb-cmd', CRB_BASE + DATA_OFFSET, this.memory),
    ];
  }

  get busy(): boolean {
    return this.#running.runs;
  }

  grant(granted: boolean): void {
    this.granted = granted;
  }

  setIdle(idle: boolean): void {
    this.idle = idle;
  }

  async cancel(): Promise<void> {
    if (this.started) await this.backend.cancel();
  }

  /** cmdReady is not asked for. A length of 0 sends nothing, and an answer is waited for all the same. */
  start(): void {
    if (this.started || !this.granted) return;
    const length = Math.min(sizeOf(this.memory), DATA_BYTES);
    if (this.quirks.refusesShort && length < TPM_HEADER_BYTES) {
      this.failed = true;
      return;
    }
    this.started = true;
    this.#running.begin({ locality: 0, bytes: this.memory.slice(0, length) }, answer => this.#completed(answer));
  }

  /** RSP_SIZE is not looked at: what lies behind the buffer is lost. */
  #completed({ response, failed }: TpmAnswer): void {
    this.started = false;
    if (failed) this.failed = true;
    if (this.quirks.clearsBehind) this.memory.fill(0);
    if (!(failed && this.quirks.clearsBehind)) this.memory.set(response.subarray(0, DATA_BYTES));
  }

  /** The buffer keeps what it holds. */
  async reset(how: 'cold' | 'incoming'): Promise<Refused | null> {
    await this.finish();
    this.granted = this.failed = this.started = false;
    this.idle = true;
    const size = Math.min(await this.backend.bufferSize(), this.quirks.bufferBytes);
    return this.backend.start(size, how);
  }

  finish(): Promise<void> {
    return this.#running.finish();
  }

  snapshot(): CrbSnapshot {
    const { granted, idle, failed, started } = this;
    return { granted, idle, failed, started, memory: this.memory.slice() };
  }

  restore({ granted, idle, failed, started, memory }: CrbSnapshot): void {
    Object.assign(this, { granted, idle, failed, started });
    this.memory.set(memory);
  }
}
