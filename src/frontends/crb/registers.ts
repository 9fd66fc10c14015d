import type { FrontendBackend } from '../backend/backend.ts';
import { type Register, registerTable } from '../register.ts';

/** Where the observed versions of QEMU differ. */
export interface CrbQuirks {
  readonly interfaceId: number;
  /** What the backend is asked for. */
  readonly bufferBytes: number;
  /** Since QEMU 11.1: any value with bit 0 starts, a length below 10 is refused, zeros follow the response. */
  readonly anyStartBit: boolean;
  readonly refusesShort: boolean;
  readonly clearsBehind: boolean;
}

/** What the registers show, and act on. */
export interface Crb {
  readonly backend: FrontendBackend;
  readonly quirks: CrbQuirks;
  readonly granted: boolean;
  readonly idle: boolean;
  readonly failed: boolean;
  readonly started: boolean;
  grant(granted: boolean): void;
  setIdle(idle: boolean): void;
  cancel(): Promise<void>;
  start(): void;
}

/** The exact offset and width of an access. */
export interface CrbAccess {
  readonly offset: number;
  readonly size: number;
}

type CrbRegister = Register<Crb, CrbAccess>;

export const CRB_BASE = 0xfed4_0000;
export const DATA_OFFSET = 0x80;
export const DATA_BYTES = 0xf80;
const DATA_ADDRESS = CRB_BASE + DATA_OFFSET;

/** The words that change. All others hold their reset value for ever. */
export const LOC_STATE = { assigned: 1 << 1, notEstablished: 1 } as const;
export const LOC_STS = { granted: 1 } as const;
export const CTRL_STS = { idle: 1 << 1, failed: 1 } as const;

const fixed = (name: string, offset: number, reset: number, bits?: CrbRegister['bits']): CrbRegister => ({
  name,
  offset,
  bytes: 4,
  reset,
  writer: 'nobody',
  effect: '',
  ...(bits ? { bits } : {}),
  read: () => reset,
});

/** A register that only acts: it never holds what was written. The exact address and value count. */
const acting = (
  name: string,
  offset: number,
  effect: string,
  acts: Readonly<Record<number, (crb: Crb) => void | Promise<void>>>,
): CrbRegister => ({
  name,
  offset,
  bytes: 4,
  reset: 0,
  writer: 'anybody',
  effect,
  read: () => 0,
  write: (crb, access, value) => (access.offset === offset ? acts[value]?.(crb) : undefined),
});

export const CRB_REGISTERS: readonly CrbRegister[] = [
  {
    name: 'LOC_STATE',
    offset: 0x00,
    bytes: 4,
    reset: 0x81,
    writer: 'nobody',
    effect: 'notEstablished is seen only in reads at offset 0.',
    bits: { tpmRegValidSts: [7, 1], activeLocality: [2, 3], locAssigned: [1, 1], notEstablished: [0, 1] },
    async read(crb, { offset }) {
      const established = offset === 0 ? !(await crb.backend.established()) : false;
      return 0x80 | (crb.granted ? LOC_STATE.assigned : 0) | (established ? LOC_STATE.notEstablished : 0);
    },
  },
  acting('LOC_CTRL', 0x08, '1 requests the locality, 2 relinquishes it. Seize and resetEstablishment do nothing.', {
    1: crb => crb.grant(true),
    2: crb => crb.grant(false),
  }),
  {
    name: 'LOC_STS',
    offset: 0x0c,
    bytes: 4,
    reset: 0,
    writer: 'nobody',
    effect: '',
    bits: { granted: [0, 1] },
    read: crb => (crb.granted ? LOC_STS.granted : 0),
  },
  {
    name: 'INTF_ID',
    offset: 0x30,
    bytes: 4,
    reset: 0x0002_5811,
    writer: 'nobody',
    effect: '',
    bits: { interfaceSelector: [17, 2], capCrb: [14, 1], capFifo: [13, 1], dataTransferSize: [11, 2], version: [4, 4], type: [0, 4] },
    read: ({ quirks }) => quirks.interfaceId,
  },
  fixed('INTF_ID_VENDOR', 0x34, 0x1014, { vendor: [0, 16] }),
  acting('CTRL_REQ', 0x40, '1 (cmdReady) clears tpmIdle, 2 (goIdle) sets it.', {
    1: crb => crb.setIdle(false),
    2: crb => crb.setIdle(true),
  }),
  {
    name: 'CTRL_STS',
    offset: 0x44,
    bytes: 4,
    reset: 2,
    writer: 'nobody',
    effect: '',
    bits: { tpmIdle: [1, 1], tpmSts: [0, 1] },
    read: crb => (crb.idle ? CTRL_STS.idle : 0) | (crb.failed ? CTRL_STS.failed : 0),
  },
  acting('CTRL_CANCEL', 0x48, '1 tells the TPM to cancel while a command runs.', { 1: crb => crb.cancel() }),
  {
    name: 'CTRL_START',
    offset: 0x4c,
    bytes: 4,
    reset: 0,
    writer: 'anybody',
    effect: '1 sends the command in the buffer, if the locality is granted and none is under way. Reads 1 until the answer.',
    bits: { start: [0, 1] },
    read: crb => (crb.started ? 1 : 0),
    write: (crb, { offset }, value) => {
      if (offset === 0x4c && (crb.quirks.anyStartBit ? (value & 1) === 1 : value === 1)) crb.start();
    },
  },
  fixed('INT_ENABLE', 0x50, 0),
  fixed('INT_STS', 0x54, 0),
  fixed('CMD_SIZE', 0x58, DATA_BYTES),
  fixed('CMD_LADDR', 0x5c, DATA_ADDRESS),
  fixed('CMD_HADDR', 0x60, 0),
  fixed('RSP_SIZE', 0x64, DATA_BYTES),
  fixed('RSP_LADDR', 0x68, DATA_ADDRESS),
  fixed('RSP_HADDR', 0x6c, 0),
];

const byOffset = registerTable(CRB_REGISTERS);

export async function readCrb(crb: Crb, offset: number, size: number): Promise<number> {
  const value = (await byOffset.get(offset & ~3)?.read(crb, { offset, size })) ?? 0;
  return (value >>> (8 * (offset & 3))) % 2 ** (8 * size);
}

export async function writeCrb(crb: Crb, offset: number, size: number, value: number): Promise<void> {
  await byOffset.get(offset & ~3)?.write?.(crb, { offset, size }, value);
}
