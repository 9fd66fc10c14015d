import { type Register, registerTable } from '../register.ts';
import { dumpTis } from './dump.ts';
import { ACCESS, INT, INTERRUPTS, LOCALITIES, LOCK_INTERFACE, STS, type Tis } from './tis.ts';

/** An access to a register: by which locality, which of its bytes. */
export interface TisAccess {
  readonly locality: number;
  /** From which byte of the register on, and how many. */
  readonly shift: number;
  readonly size: number;
}

type TisRegister = Register<Tis, TisAccess>;
const ONES = 0xffff_ffff;
const WORD = 4;
const SHIFT_OF_LOCALITY = 12;
const nobody = { writer: 'nobody', effect: '' } as const;

const fifo = (name: string, offset: number): TisRegister => ({
  name,
  offset,
  bytes: WORD,
  reset: ONES,
  writer: 'active locality',
  effect: 'A byte of the command, of the response: at most those to the end of the word.',
  read(tis, { locality, shift, size }) {
    if (locality !== tis.active) return ONES;
    // Each byte that is read moves on, and comes where it is wanted.
    let value = 0;
    for (let i = 0; i < Math.min(size, WORD - shift); i++) value |= tis.readFifo(locality) << (8 * (shift + i));
    return value >>> 0;
  },
  write(tis, { locality, shift, size }, value) {
    const bytes = Array.from({ length: Math.min(size, WORD - shift) }, (_, i) => (value >>> (8 * (shift + i))) & 0xff);
    tis.writeFifo(locality, Uint8Array.from(bytes));
  },
});

const XFIFO = 0x80;
const XFIFO_WORDS = 16;

export const TIS_REGISTERS: readonly TisRegister[] = [
  {
    name: 'ACCESS',
    offset: 0x00,
    bytes: 1,
    reset: 0x81,
    writer: 'any locality but 4',
    effect: 'Relinquish (active), clear beenSeized, seize, request: in this order; seize hides request and relinquish.',
    bits: {
      valid: [7, 1],
      active: [5, 1],
      beenSeized: [4, 1],
      seize: [3, 1],
      pendingRequest: [2, 1],
      requestUse: [1, 1],
      notEstablished: [0, 1],
    },
    async read(tis, { locality }) {
      const others = tis.requestedByOthers(locality) ? ACCESS.pending : 0;
      const established = (await tis.backend.established()) ? 0 : ACCESS.notEstablished;
      return (tis.at(locality).access & ~ACCESS.seize) | others | established;
    },
    write: (tis, { locality }, value) => tis.writeAccess(locality, value),
  },
  {
    name: 'INT_ENABLE',
    offset: 0x08,
    bytes: 4,
    reset: 0x08,
    writer: 'active locality',
    effect: 'Keeps bits 31, 7, 4, 3, 2, 1 and 0; narrow writes change only their bytes.',
    bits: {
      globalIntEnable: [31, 1],
      commandReady: [7, 1],
      typePolarity: [3, 2],
      localityChange: [2, 1],
      stsValid: [1, 1],
      dataAvailable: [0, 1],
    },
    read: (tis, { locality }) => tis.at(locality).intEnable,
    write(tis, { locality, shift, size }, value) {
      if (locality !== tis.active) return;
      const it = tis.at(locality);
      const bytes = size >= WORD ? ONES : ((2 ** (8 * size) - 1) << (8 * shift)) >>> 0;
      const kept = (INT.enabled | (3 << 3) | INTERRUPTS) >>> 0;
      it.intEnable = ((it.intEnable & ~bytes) | (value & bytes & kept)) >>> 0;
    },
  },
  { name: 'INT_VECTOR', offset: 0x0c, bytes: 1, reset: 5, ...nobody, read: ({ around }) => around.irq },
  {
    name: 'INT_STATUS',
    offset: 0x10,
    bytes: 4,
    reset: 0,
    writer: 'active locality',
    effect: 'Clears the bits that are written; the line falls with the last one.',
    bits: { commandReady: [7, 1], localityChange: [2, 1], stsValid: [1, 1], dataAvailable: [0, 1] },
    read: (tis, { locality }) => tis.at(locality).intStatus,
    write: (tis, { locality }, value) => tis.acknowledge(locality, value),
  },
  {
    name: 'INTF_CAPABILITY',
    offset: 0x14,
    bytes: 4,
    reset: 0x3000_0697,
    ...nobody,
    bits: { interfaceVersion: [28, 3], dataTransferSize: [9, 2], burstCountStatic: [8, 1], interrupts: [0, 8] },
    read: ({ backend }) => (backend.version === '2.0' ? 0x3000_0697 : 0x2000_0697),
  },
  {
    name: 'STS',
    offset: 0x18,
    bytes: 4,
    reset: ONES,
    writer: 'active locality',
    effect:
      'Exactly one of commandReady, go, responseRetry acts. Over a TPM 2.0: commandCancel while a command runs, resetEstablishment by locality 3.',
    bits: {
      tpmFamily: [26, 2],
      resetEstablishment: [25, 1],
      commandCancel: [24, 1],
      burstCount: [8, 16],
      valid: [7, 1],
      commandReady: [6, 1],
      go: [5, 1],
      dataAvailable: [4, 1],
      expect: [3, 1],
      selfTestDone: [2, 1],
      responseRetry: [1, 1],
    },
    read(tis, { locality, size }) {
      if (locality !== tis.active) return ONES;
      const { sts } = tis.at(locality);
      if (sts & STS.dataAvailable) return burst(tis.responseBytes - tis.place) | sts;
      const left = tis.bufferBytes - tis.place;
      // A driver that reads the lower byte of burstCount alone must not see 0.
      return burst(size === 1 ? Math.min(left, 0xff) : left) | sts;
    },
    write: (tis, { locality }, value) => tis.writeSts(locality, value),
  },
  fifo('DATA_FIFO', 0x24),
  {
    name: 'INTERFACE_ID',
    offset: 0x30,
    bytes: 4,
    reset: 0x2100,
    writer: 'any locality but 4',
    effect: 'Bit 19 locks the interface, for all localities, until reset.',
    bits: { lock: [19, 1], capTis: [13, 1], capLocality: [8, 1], type: [0, 4] },
    read: (tis, { locality }) => tis.at(locality).interfaceId,
    write(tis, _, value) {
      if (value & LOCK_INTERFACE) for (const it of tis.localities) it.interfaceId = (it.interfaceId | LOCK_INTERFACE) >>> 0;
    },
  },
  ...Array.from({ length: XFIFO_WORDS }, (_, i) => fifo('XDATA_FIFO', XFIFO + WORD * i)),
  { name: 'DID_VID', offset: 0xf00, bytes: 4, reset: 0x0001_1014, ...nobody, read: () => 0x0001_1014 },
  { name: 'RID', offset: 0xf04, bytes: 1, reset: 1, ...nobody, read: () => 1 },
  {
    name: 'DEBUG',
    offset: 0xf90,
    bytes: 4,
    reset: ONES,
    writer: 'nobody',
    effect: "No register: a read of it prints the device's state on QEMU's standard output.",
    async read(tis, { locality }) {
      await dumpTis(tis, locality, offset => readTis(tis, (locality << SHIFT_OF_LOCALITY) + offset, WORD));
      return ONES;
    },
  },
];

const burst = (count: number): number => count << 8;
const byOffset = registerTable(TIS_REGISTERS);

/** One access of at most 4 bytes to a register of a locality. Registers that do not exist read as ones. */
export async function readTis(tis: Tis, offset: number, size: number): Promise<number> {
  const locality = offset >> SHIFT_OF_LOCALITY;
  const shift = offset & 3;
  const register = byOffset.get(offset & 0xffc);
  const value = register ? await register.read(tis, { locality, shift, size }) : ONES;
  return (value >>> (8 * shift)) % 2 ** (8 * size);
}

export async function writeTis(tis: Tis, offset: number, size: number, value: number): Promise<void> {
  const locality = offset >> SHIFT_OF_LOCALITY;
  // Locality 4 belongs to hardware: QEMU takes no write there, hash sequences neither.
  if (locality >= LOCALITIES - 1) return;
  const shift = offset & 3;
  await byOffset.get(offset & 0xffc)?.write?.(tis, { locality, shift, size }, (value << (8 * shift)) >>> 0);
}
