import type { Place, Stateful, World } from '../../sim/index.ts';
import { H, sizeOf } from '../../spec/index.ts';
import { describeTpm } from '../../tpm/index.ts';
import { recordExchange } from '../../tpmrm/index.ts';
import type { Partition } from '../kvm/partition.ts';
import { type CrqEntry, CrqQueue, type CrqState, readCrqEntry, writeCrqEntry } from './crq.ts';
import { reportOnStderr } from './qemu-stderr.ts';
import { TceTable, type TceTableState } from './tce-table.ts';
import type { VioDevice } from './vio-bus.ts';
import { FATAL, type VtpmBackend } from './vtpm-backend.ts';

/** First byte of an entry. */
const VALID = { init: 0xc0, command: 0x80 } as const;
const INIT = { init: 1, complete: 2 } as const;
const MSG = { getVersion: 1, tpmCommand: 2, getBufferSize: 3, prepareToSuspend: 4, error: 0xff } as const;
const RESULT = 0x80;
const ERROR = { copyIn: 3, copyOut: 4 } as const;
const WINDOW_BYTES = 0x1000_0000;
const LARGEST_BUFFER = 4096; // TPM_SPAPR_BUFFER_MAX

export interface TpmSpaprState {
  readonly signals: number;
  readonly interrupts: number;
  readonly crq: CrqState;
  readonly tces: TceTableState;
  /** Command and response share it, and it keeps what nobody overwrote. */
  readonly buffer: Uint8Array;
  /** `runs`: a command is with the TPM. `held`: its response is there and waits for the machine to go on. */
  readonly command: 'none' | 'runs' | 'held';
  /** I/O address of the buffer of the last command. */
  readonly data: number;
}

/**
 * QEMU's tpm-spapr, the vTPM on the VIO bus (hw/tpm/tpm_spapr.c). A command runs behind the guest's back: H_SEND_CRQ returns at
 * once, the answer comes by the queue when the guest has waited for it (`settle`).
 */
export class TpmSpapr implements VioDevice, Stateful<TpmSpaprState> {
  static readonly largestBuffer = LARGEST_BUFFER;
  readonly unit: number;
  readonly backend: VtpmBackend;
  readonly tces: TceTable;
  readonly crq: CrqQueue;
  readonly signalMask = 1;
  signals = 0;
  /** How often the queue's interrupt was raised. */
  interrupts = 0;
  readonly #world: World;
  readonly #partition: Partition;
  readonly #place: Place;
  #buffer = new Uint8Array(LARGEST_BUFFER);
  #command: TpmSpaprState['command'] = 'none';
  #data = 0;
  /** Until the TPM has answered. */
  #running: Promise<void> | null = null;

  constructor(world: World, partition: Partition, backend: VtpmBackend, unit: number, place: Place) {
    this.#world = world;
    this.#partition = partition;
    this.#place = place;
    this.backend = backend;
    this.unit = unit;
    this.tces = new TceTable(unit, WINDOW_BYTES);
    this.crq = new CrqQueue(this.tces);
  }

  /** A command runs, or its response waits for the machine to go on. */
  get busy(): boolean {
    return this.#command !== 'none';
  }

  get bufferBytes(): number {
    return Math.min(this.backend.bufferBytes, LARGEST_BUFFER);
  }

  /** The node below /vdevice; numbers are cells. */
  get node(): { readonly name: string; readonly properties: Readonly<Record<string, string | readonly number[]>> } {
    const properties = {
      reg: [this.unit],
      device_type: 'IBM,vtpm',
      compatible: this.backend.tpmVersion === '2.0' ? 'IBM,vtpm20' : 'IBM,vtpm',
      'ibm,my-dma-window': [this.tces.liobn, 0, 0, 0, WINDOW_BYTES],
    };
    return { name: `vtpm@${this.unit.toString(16)}`, properties };
  }

  receive(bytes: Uint8Array): number {
    const { valid, msg, data } = readCrqEntry(bytes);
    if (valid === VALID.init && (msg === INIT.init || msg === INIT.complete)) this.#send({ valid, msg });
    if (valid !== VALID.command) return H.SUCCESS; // not understood: no answer, no error
    switch (msg) {
      case MSG.tpmCommand:
        return this.#begin(data);
      case MSG.getVersion:
        this.#send({ valid, msg: msg | RESULT, data: this.backend.tpmVersion === '2.0' ? 2 : 1 });
        return H.SUCCESS;
      case MSG.getBufferSize:
        this.#send({ valid, msg: msg | RESULT, len: this.bufferBytes });
        return H.SUCCESS;
      case MSG.prepareToSuspend:
        this.#send({ valid, msg: msg | RESULT });
        return H.SUCCESS;
      default:
        return H.SUCCESS;
    }
  }

  /** The whole buffer is read, whatever the entry's length says: the TPM's header knows better. */
  #begin(data: number): number {
    if (this.busy) return H.BUSY;
    this.#data = data;
    if (!this.tces.readInto(this.#partition, data, this.#buffer.subarray(0, this.bufferBytes))) {
      reportOnStderr(this.#world, this.#place, 'tpm_spapr_got_payload: DMA read failure');
      this.#send({ valid: VALID.command, msg: MSG.error, data: ERROR.copyIn });
    }
    // After a failure what the buffer held, under what could be read, goes to the TPM all the same, and is answered too.
    this.#command = 'runs';
    return H.SUCCESS;
  }

  async settle(): Promise<void> {
    await this.finish();
    this.#deliver();
  }

  /** The machine stops for good on this host: a command that runs comes to its end, its response is held (tpm_spapr_pre_save). */
  async finish(): Promise<void> {
    if (this.#command !== 'runs') return;
    this.#running ??= this.#execute(this.#packet()).then(response => {
      this.#running = null;
      if (!response) return; // busy for ever
      this.#buffer.set(response.subarray(0, this.bufferBytes));
      this.#command = 'held';
    });
    await this.#running;
  }

  /** Command or response: as long as the TPM's header says, and no longer than the buffer. */
  #packet(): Uint8Array {
    return this.#buffer.slice(0, Math.min(sizeOf(this.#buffer), this.bufferBytes));
  }

  /** Null: nothing went to the TPM, and nothing will come. */
  async #execute(request: Uint8Array): Promise<Uint8Array | null> {
    if (request.length === 0) {
      await this.backend.transmit(request);
      return null;
    }
    const route = {
      via: 'tpm-spapr',
      from: 'guest',
      seenBy: ['hypervisor', 'tpm'],
      place: this.#place,
      describe: describeTpm,
      causes: 'answer',
    } as const;
    return recordExchange(this.#world.bus, route, request, async () => {
      const result = await this.backend.transmit(request);
      if (!result || !('fault' in result)) return result ?? FATAL;
      reportOnStderr(this.#world, this.#place, result.fault);
      return FATAL;
    });
  }

  #deliver(): void {
    if (this.#command !== 'held') return;
    this.#command = 'none';
    const bytes = this.#packet();
    if (this.tces.write(this.#partition, this.#data, bytes)) {
      this.#answer({ valid: VALID.command, msg: MSG.tpmCommand | RESULT, len: bytes.length, data: this.#data });
      return;
    }
    reportOnStderr(this.#world, this.#place, 'tpm_spapr_request_completed: DMA write failure');
    this.#answer({ valid: VALID.command, msg: MSG.error, data: ERROR.copyOut });
  }

  #answer(entry: CrqEntry): void {
    if (!this.#send(entry)) reportOnStderr(this.#world, this.#place, 'tpm_spapr_request_completed: Error sending response');
  }

  /** False: the entry is lost. Only the TPM's answers are missed by anybody (tpm_spapr_request_completed). */
  #send(entry: CrqEntry): boolean {
    const sent = this.crq.send(this.#partition, writeCrqEntry(entry));
    if (sent === 'sent' && (this.signals & 1) !== 0) this.interrupts++;
    if (sent === 'unregistered') reportOnStderr(this.#world, this.#place, 'spapr_vio_send_creq on uninitialized queue');
    return sent === 'sent';
  }

  /**
   * Machine reset: queue, mappings and signals are gone, the TPM starts anew. A command that runs is waited for, and its answer cannot be
   * delivered any more. One that the TPM never answers would hold up QEMU for ever; here it is forgotten.
   */
  async reset(): Promise<void> {
    this.crq.free();
    this.tces.reset();
    this.signals = 0;
    await this.backend.beforeReset?.();
    await this.settle();
    this.#command = 'none';
    await this.backend.reset();
  }

  /** The guest's QEMU ends. */
  end(): Promise<void> {
    return this.backend.close();
  }

  snapshot(): TpmSpaprState {
    return {
      signals: this.signals,
      interrupts: this.interrupts,
      crq: this.crq.snapshot(),
      tces: this.tces.snapshot(),
      buffer: this.#buffer.slice(),
      command: this.#command,
      data: this.#data,
    };
  }

  restore({ signals, interrupts, crq, tces, buffer, command, data }: TpmSpaprState): void {
    this.signals = signals;
    this.interrupts = interrupts;
    this.crq.restore(crq);
    this.tces.restore(tces);
    this.#buffer = buffer.slice();
    this.#command = command;
    this.#data = data;
  }
}
