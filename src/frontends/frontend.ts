import type { FrontendBackend, Refused } from './backend/backend.ts';
import type { Region } from './bus.ts';
import type { Register } from './register.ts';

/** What a board gives its TPM device. */
export interface Surroundings {
  readonly backend: FrontendBackend;
  /** An input of the interrupt controller. */
  readonly irq: number;
  setIrq(raised: boolean): void;
  /** A line on QEMU's standard output. */
  print(line: string): void;
}

/** A TPM device as its board sees it. */
export interface TpmDevice<State = unknown> {
  /** Where it answers on the memory bus; none on I2C. */
  readonly regions: readonly Region[];
  /** A command is with the TPM. */
  readonly busy: boolean;
  /** Switched on, or reset. `incoming`: a state will be loaded. */
  reset(how: 'cold' | 'incoming'): Promise<Refused | null>;
  /** Waits for the answer of a command that runs. */
  finish(): Promise<void>;
  snapshot(): State;
  restore(state: State): void;
}

/** A device on an I2C bus: a register's number, then bytes. */
export interface I2cDevice {
  readonly address: number;
  i2cRead(register: number, count: number): Promise<Uint8Array>;
  i2cWrite(register: number, bytes: Uint8Array): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: each frontend's registers are those of its own device
export type FrontendRegister = Register<any, any>;

/** A frontend: one record. */
export interface Frontend {
  /** QEMU's name of the device. */
  readonly model: string;
  readonly bus: 'isa' | 'system memory' | 'platform' | 'i2c' | 'vio';
  readonly about: string;
  readonly source: string;
  readonly registers: readonly FrontendRegister[];
  /** Localities of its registers, 0x1000 bytes apart; 1: it has none. */
  readonly localities: number;
}
