import { sizeOf } from '../../spec/index.ts';
import type { FrontendBackend, Refused, TpmAnswer } from '../backend/backend.ts';
import type { Surroundings } from '../frontend.ts';
import { RunningCommand } from '../running.ts';

// TCG PC Client TPM Interface Specification 1.3, as QEMU's hw/tpm/tpm_tis_common.c was observed to do it.

export const LOCALITIES = 5;
export const NOBODY = 0xff;
export const LARGEST_BUFFER = 4096;
const FULL_LENGTH = 0x10000;
const SHORTEST_WITH_LENGTH = 6;

/** The numbers are those that the device prints. */
export const STATE = { idle: 0, ready: 1, completion: 2, execution: 3, reception: 4 } as const;
export type TisState = (typeof STATE)[keyof typeof STATE];

export const ACCESS = {
  valid: 0x80,
  active: 0x20,
  beenSeized: 0x10,
  seize: 0x08,
  pending: 0x04,
  request: 0x02,
  notEstablished: 0x01,
} as const;
export const STS = {
  resetEstablishment: 1 << 25,
  commandCancel: 1 << 24,
  valid: 0x80,
  commandReady: 0x40,
  go: 0x20,
  dataAvailable: 0x10,
  expect: 0x08,
  selfTestDone: 0x04,
  responseRetry: 0x02,
} as const;
export const FAMILY_2_0 = 1 << 26;
export const INT = { enabled: 2 ** 31, commandReady: 0x80, localityChange: 0x04, stsValid: 0x02, dataAvailable: 0x01 } as const;
const POLARITY_LOW = 1 << 3;
export const INTERRUPTS = INT.commandReady | INT.localityChange | INT.stsValid | INT.dataAvailable;
export const LOCK_INTERFACE = 1 << 19;
const INTERFACE_ID_2_0 = 0x2100;
const ONES = 0xffff_ffff;

export interface TisLocality {
  state: TisState;
  access: number;
  sts: number;
  interfaceId: number;
  intEnable: number;
  intStatus: number;
}

export interface TisSnapshot {
  readonly localities: readonly Readonly<TisLocality>[];
  readonly active: number;
  readonly aborting: number;
  readonly next: number;
  readonly buffer: Uint8Array;
  readonly bufferBytes: number;
  readonly place: number;
}

/** The state machine of a TIS: five localities, one buffer with one place in it. Whatever bus it is on. */
export class Tis {
  readonly around: Surroundings;
  readonly #running: RunningCommand;
  localities: TisLocality[] = [];
  /** Who has the TPM. */
  active = NOBODY;
  /** Who loses it, and who gets it, once no command runs. */
  #aborting = NOBODY;
  #next = NOBODY;
  buffer = new Uint8Array(LARGEST_BUFFER);
  /** As large as the backend agreed to. */
  bufferBytes = LARGEST_BUFFER;
  place = 0;

  constructor(around: Surroundings) {
    this.around = around;
    this.#running = new RunningCommand(around.backend);
    this.#clear();
  }

  get backend(): FrontendBackend {
    return this.around.backend;
  }

  get busy(): boolean {
    return this.#running.runs;
  }

  finish(): Promise<void> {
    return this.#running.finish();
  }

  at(locality: number): TisLocality {
    return this.localities[locality] as TisLocality;
  }

  /** The interrupt line stays as it is. The backend's buffer is asked for before a running command is waited for. */
  async reset(how: 'cold' | 'incoming'): Promise<Refused | null> {
    const size = Math.min(await this.backend.bufferSize(), LARGEST_BUFFER);
    await this.finish();
    this.#clear();
    this.bufferBytes = size;
    return this.backend.start(size, how);
  }

  #clear(): void {
    const modern = this.backend.version === '2.0';
    this.localities = Array.from({ length: LOCALITIES }, () => ({
      state: STATE.idle,
      access: ACCESS.valid,
      sts: modern ? FAMILY_2_0 : 0,
      interfaceId: modern ? INTERFACE_ID_2_0 : ONES,
      intEnable: POLARITY_LOW,
      intStatus: 0,
    }));
    this.active = this.#aborting = this.#next = NOBODY;
    this.place = 0;
  }

  // --- STS and interrupts

  setSts(locality: number, bits: number): void {
    const it = this.at(locality);
    it.sts = (it.sts & (STS.selfTestDone | FAMILY_2_0)) | bits;
  }

  raise(locality: number, event: number): void {
    const it = this.localities[locality];
    if (!it || it.intEnable < INT.enabled || (it.intEnable & event) === 0) return;
    it.intStatus |= event;
    this.around.setIrq(true);
  }

  acknowledge(locality: number, bits: number): void {
    const it = this.at(locality);
    if (locality !== this.active || (bits & INTERRUPTS) === 0 || it.intStatus === 0) return;
    it.intStatus &= ~bits;
    if (it.intStatus === 0) this.around.setIrq(false);
  }

  // --- who has the TPM

  /** Somebody else than this one asks for it. */
  requestedByOthers(locality: number): boolean {
    return this.localities.some(({ access }, other) => other !== locality && (access & ACCESS.request) !== 0);
  }

  async writeAccess(locality: number, written: number): Promise<void> {
    const it = this.at(locality);
    const bits = written & ACCESS.seize ? written & ~(ACCESS.request | ACCESS.active) : written;
    if (bits & ACCESS.active) await this.#relinquish(locality);
    if (bits & ACCESS.beenSeized) it.access &= ~ACCESS.beenSeized;
    if (bits & ACCESS.seize) await this.#seize(locality);
    if (bits & ACCESS.request && !(bits & ACCESS.active && this.#gaveUp === locality)) this.#request(locality);
    this.#gaveUp = NOBODY;
  }

  /** Whoever gave up in this write has no request in it. */
  #gaveUp = NOBODY;

  async #relinquish(locality: number): Promise<void> {
    if (locality !== this.active) {
      this.at(locality).access &= ~ACCESS.request;
      return;
    }
    this.#gaveUp = locality;
    const highest = this.localities.findLastIndex(({ access }) => (access & ACCESS.request) !== 0);
    if (highest >= 0) await this.#prepareAbort(locality, highest);
    else this.#activate(NOBODY);
  }

  async #seize(locality: number): Promise<void> {
    if (this.active !== NOBODY && locality <= this.active) return;
    if (this.localities.some(({ access }, other) => other >= locality && (access & ACCESS.seize) !== 0)) return;
    for (const lower of this.localities.slice(0, locality)) lower.access &= ~ACCESS.seize;
    this.at(locality).access |= ACCESS.seize;
    await this.#prepareAbort(this.active, locality);
  }

  #request(locality: number): void {
    if (locality === this.active) return;
    if (this.active !== NOBODY) this.at(locality).access |= ACCESS.request;
    else this.#activate(locality);
  }

  /** At once where no command runs; else the TPM is told to cancel and its answer is waited for. */
  async #prepareAbort(locality: number, next: number): Promise<void> {
    this.#aborting = locality;
    this.#next = next;
    if (this.localities.some(({ state }) => state === STATE.execution)) await this.backend.cancel();
    else this.#abort();
  }

  #abort(): void {
    this.place = 0;
    if (this.#aborting === this.#next) {
      this.at(this.#aborting).state = STATE.ready;
      this.setSts(this.#aborting, STS.commandReady);
      this.raise(this.#aborting, INT.commandReady);
    }
    this.#activate(this.#next);
    this.#next = this.#aborting = NOBODY;
  }

  #activate(locality: number): void {
    const changes = locality !== this.active;
    const old = this.localities[this.active];
    const one = this.localities[locality];
    if (changes && old) {
      const seized = one !== undefined && (one.access & ACCESS.seize) !== 0;
      old.access &= seized ? ~ACCESS.active : ~(ACCESS.active | ACCESS.request);
      if (seized) old.access |= ACCESS.beenSeized;
    }
    this.active = locality;
    if (one) one.access = (one.access | ACCESS.active) & ~(ACCESS.request | ACCESS.seize);
    if (changes) this.raise(locality, INT.localityChange);
  }

  // --- a command and its response

  async writeSts(locality: number, written: number): Promise<void> {
    if (locality !== this.active) return;
    if (this.backend.version === '2.0') {
      if (written & STS.commandCancel && this.at(locality).state === STATE.execution) await this.backend.cancel();
      if (written & STS.resetEstablishment && locality === 3) await this.backend.resetEstablished();
    }
    // Exactly one of them acts.
    switch (written & (STS.commandReady | STS.go | STS.responseRetry)) {
      case STS.commandReady:
        return this.#ready(locality);
      case STS.go:
        return this.#go(locality);
      case STS.responseRetry:
        if (this.at(locality).state !== STATE.completion) return;
        this.place = 0;
        this.setSts(locality, STS.valid | STS.dataAvailable);
    }
  }

  async #ready(locality: number): Promise<void> {
    const it = this.at(locality);
    switch (it.state) {
      case STATE.ready:
        this.place = 0;
        return;
      case STATE.idle:
        break;
      case STATE.completion:
        this.place = 0;
        break;
      case STATE.execution:
      case STATE.reception:
        return this.#prepareAbort(locality, locality);
    }
    it.state = STATE.ready;
    this.setSts(locality, STS.commandReady);
    this.raise(locality, INT.commandReady);
  }

  #go(locality: number): void {
    const it = this.at(locality);
    if (it.state !== STATE.reception || (it.sts & STS.expect) !== 0) return;
    it.state = STATE.execution;
    this.#running.begin({ locality, bytes: this.buffer.slice(0, this.place) }, answer => this.#completed(locality, answer));
  }

  #completed(locality: number, { response, selfTestDone }: TpmAnswer): void {
    if (selfTestDone) for (const it of this.localities) it.sts |= STS.selfTestDone;
    this.buffer.set(response.subarray(0, this.buffer.length));
    this.at(locality).state = STATE.completion;
    this.place = 0;
    this.setSts(locality, STS.valid | STS.dataAvailable);
    if (this.#next !== NOBODY) this.#abort();
    this.raise(locality, INT.dataAvailable | INT.stsValid);
  }

  get responseBytes(): number {
    return Math.min(sizeOf(this.buffer), this.bufferBytes);
  }

  readFifo(locality: number): number {
    const it = this.at(locality);
    if (it.state !== STATE.completion || (it.sts & STS.dataAvailable) === 0) return 0xff;
    const byte = this.buffer[this.place++] ?? 0xff;
    if (this.place >= this.responseBytes) {
      this.setSts(locality, STS.valid);
      this.raise(locality, INT.stsValid);
    }
    return byte;
  }

  writeFifo(locality: number, bytes: Uint8Array): void {
    const it = this.at(locality);
    if (locality !== this.active || (it.state !== STATE.ready && it.state !== STATE.reception)) return;
    if (it.state === STATE.ready) {
      it.state = STATE.reception;
      this.setSts(locality, STS.expect | STS.valid);
    }
    for (const byte of bytes) {
      if ((it.sts & STS.expect) === 0) break;
      if (this.place < this.bufferBytes) this.buffer[this.place++] = byte;
      else this.setSts(locality, STS.valid);
    }
    if (this.place < SHORTEST_WITH_LENGTH || (it.sts & STS.expect) === 0) return;
    const wasValid = (it.sts & STS.valid) !== 0;
    // 16 bits of the length count (QEMU keeps it in an uint16_t).
    const complete = sizeOf(this.buffer) % FULL_LENGTH <= this.place;
    this.setSts(locality, complete ? STS.valid : STS.expect | STS.valid);
    if (complete && !wasValid) this.raise(locality, INT.stsValid);
  }

  snapshot(): TisSnapshot {
    return {
      localities: this.localities.map(it => ({ ...it })),
      active: this.active,
      aborting: this.#aborting,
      next: this.#next,
      buffer: this.buffer.slice(),
      bufferBytes: this.bufferBytes,
      place: this.place,
    };
  }

  restore({ localities, active, aborting, next, buffer, bufferBytes, place }: TisSnapshot): void {
    this.localities = localities.map(it => ({ ...it }));
    this.active = active;
    this.#aborting = aborting;
    this.#next = next;
    this.buffer = buffer.slice();
    this.bufferBytes = bufferBytes;
    this.place = place;
  }
}
