import { RESTRICTED_SPRS, U } from '../../spec/index.ts';

/** LDBAR and IMC can be written and not read. */
export const READABLE_SPRS: ReadonlySet<number> = new Set([RESTRICTED_SPRS.DAWR, RESTRICTED_SPRS.DAWRX, RESTRICTED_SPRS.CIABR]);

/** A range that UV_READ_MEM and UV_WRITE_MEM may reach: firmware lists them in the device tree (core/mem_region.c init_mem_whitelist). */
export interface AllowedMemory {
  readonly type: number;
  readonly id: number;
  readonly writable: boolean;
  bytes: Uint8Array;
}

/** What the Ultravisor keeps of the processor and its chips. Plain data. */
export interface Hardware {
  /** Chips that exist. */
  readonly chips: readonly number[];
  sprs: Map<number, bigint>;
  /** Partition table: lpid to its two double words. */
  partitionTable: Map<number, { dw0: bigint; dw1: bigint }>;
  /** SCOM registers that were written, by chip and address. */
  scoms: Map<string, bigint>;
  /** SCOM addresses that fail, with their code. */
  badScoms: Map<bigint, number>;
  /** Doorbell of each chip's self-boot engine to the host. */
  doorbells: Map<number, bigint>;
  allowedMemory: AllowedMemory[];
}

const LOG_BYTES = 4096;

export const newHardware = (): Hardware => ({
  chips: [0],
  sprs: new Map(),
  partitionTable: new Map(),
  scoms: new Map(),
  badScoms: new Map(),
  doorbells: new Map(),
  allowedMemory: [
    { type: 1, id: 0, writable: false, bytes: new Uint8Array(LOG_BYTES) },
    { type: 1, id: 1, writable: true, bytes: new Uint8Array(LOG_BYTES) },
  ],
});

const key = (chip: bigint, address: bigint): string => `${BigInt.asUintN(32, chip)}:${address.toString(16)}`;

/** The code of an access to a SCOM register; a chip that is not there is off. */
function scomFault(hardware: Hardware, chip: bigint, address: bigint): number {
  if (!hardware.chips.includes(Number(BigInt.asUintN(32, chip)))) return U.WRONG_STATE;
  return hardware.badScoms.get(address) ?? U.SUCCESS;
}

export function readScom(hardware: Hardware, chip: bigint, address: bigint): { readonly code: number; readonly value: bigint } {
  const code = scomFault(hardware, chip, address);
  return { code, value: code === U.SUCCESS ? (hardware.scoms.get(key(chip, address)) ?? 0n) : 0n };
}

export function writeScom(hardware: Hardware, chip: bigint, address: bigint, value: bigint): number {
  const code = scomFault(hardware, chip, address);
  if (code === U.SUCCESS) hardware.scoms.set(key(chip, address), value);
  return code;
}

/** The allowed range that holds all of [offset, offset + size); undefined: not on the list. */
export function allowedMemory(
  hardware: Hardware,
  type: bigint,
  id: bigint,
  offset: bigint,
  size: bigint,
  write: boolean,
): AllowedMemory | undefined {
  return hardware.allowedMemory.find(
    memory =>
      BigInt(memory.type) === type &&
      BigInt(memory.id) === id &&
      (memory.writable || !write) &&
      offset + size <= BigInt(memory.bytes.length),
  );
}
