import { concat } from '../../src/bytes/index.ts';
import { H_TPM_COMM } from '../../src/spec/index.ts';

/**
 * A guest for a pSeries machine without operating system or firmware: it makes the hypercalls of a table in its memory and writes
 * the results beside them. Big-endian, real mode, from 0x100 on, as the hypervisor starts what `-bios` names.
 */
export const TABLE = 0x20_0000;
export const REQUESTS = 0x30_0000;
export const ANSWERS = 0x40_0000;
export const SLOT_BYTES = 0x2000;
const ENTRY = 0x100;
const RECORD_BYTES = 128;
/** Offsets in a record: r3.. r9 to be loaded, then what came, then how often to try again after H_RESOURCE, and how long to wait before. */
const RESULT = 56;
const TRIES = 72;
const PAUSE = 80;
const DELAY_LOOPS = 0x200; // times 65536
const PAUSE_LOOPS = 0x1000 << 16; // most of a second

export interface TableCall {
  /** r3, r4, ... */
  readonly registers: readonly (number | bigint)[];
  /** Bytes that lie at `requestAt(index)`. */
  readonly request?: Uint8Array;
  /**
   * socat makes the pseudo-terminal anew after a close. Whoever opens it again at once has the old one, and so the old space, or one
   * that ends under his hands: hence a pause, and several tries.
   */
  readonly afterClose?: boolean;
}
export interface CallResult {
  readonly r3: bigint;
  readonly r4: bigint;
  readonly answer: Uint8Array;
}

export const requestAt = (index: number): number => REQUESTS + index * SLOT_BYTES;
export const answerAt = (index: number): number => ANSWERS + index * SLOT_BYTES;

// Power ISA 3.0 Book I: the few instructions that are needed.
const lis = (rt: number, value: number) => (15 << 26) | (rt << 21) | (value & 0xffff);
const addi = (rt: number, ra: number, value: number) => (14 << 26) | (rt << 21) | (ra << 16) | (value & 0xffff);
const ori = (ra: number, rs: number, value: number) => (24 << 26) | (rs << 21) | (ra << 16) | (value & 0xffff);
const ld = (rt: number, offset: number, ra: number) => (58 << 26) | (rt << 21) | (ra << 16) | offset;
const std = (rs: number, offset: number, ra: number) => (62 << 26) | (rs << 21) | (ra << 16) | offset;
const cmpdi = (ra: number, value: number) => (11 << 26) | (1 << 21) | (ra << 16) | (value & 0xffff);
const mtctr = (rs: number) => 0x7c0903a6 | (rs << 21);
const branch = (bo: number, bi: number) => (by: number) => (16 << 26) | (bo << 21) | (bi << 16) | (by & 0xfffc);
const beq = branch(12, 2);
const bne = branch(4, 2);
const bdnz = branch(16, 0);
const b = (by: number) => (18 << 26) | (by & 0x3fffffc);
const SC_1 = 0x44000022;

const H_RESOURCE = -16;
const CLOSE_SESSION = 2;
/** Each line an instruction; a text is a label, a pair a branch to one. */
const PROGRAM: readonly (number | string | readonly [(by: number) => number, string])[] = [
  lis(20, TABLE >> 16),
  ld(21, 0, 20), // how many calls
  addi(20, 20, RECORD_BYTES),
  'next call',
  cmpdi(21, 0),
  [beq, 'done'],
  ld(10, PAUSE, 20),
  mtctr(10),
  'pause',
  [bdnz, 'pause'],
  'call',
  ...[3, 4, 5, 6, 7, 8, 9].map((register, i) => ld(register, i * 8, 20)),
  SC_1,
  std(3, RESULT, 20),
  std(4, RESULT + 8, 20),
  cmpdi(3, H_RESOURCE),
  [bne, 'came'],
  ld(10, TRIES, 20),
  cmpdi(10, 0),
  [beq, 'came'],
  addi(10, 10, -1),
  std(10, TRIES, 20),
  // The descriptor of a terminal that went away stays open over errors (fixtures/observed/h_tpm_comm.README.md): close it before another
  // try.
  addi(3, 0, 0),
  ori(3, 3, H_TPM_COMM.number),
  addi(4, 0, CLOSE_SESSION),
  SC_1,
  lis(10, DELAY_LOOPS),
  mtctr(10),
  'wait',
  [bdnz, 'wait'],
  [b, 'call'],
  'came',
  addi(20, 20, RECORD_BYTES),
  addi(21, 21, -1),
  [b, 'next call'],
  'done',
  lis(20, TABLE >> 16),
  addi(21, 0, 1),
  std(21, 8, 20), // the flag for which whoever runs it waits
  'stop',
  [b, 'stop'],
];

/** What `-bios` loads at address 0. */
export function guestImage(): Uint8Array {
  const labels = new Map<string, number>();
  let at = ENTRY;
  for (const line of PROGRAM) {
    if (typeof line === 'string') labels.set(line, at);
    else at += 4;
  }
  const image = new Uint8Array(at);
  const view = new DataView(image.buffer);
  at = ENTRY;
  for (const line of PROGRAM) {
    if (typeof line === 'string') continue;
    const word = typeof line === 'number' ? line : line[0]((labels.get(line[1]) as number) - at);
    view.setUint32(at, word >>> 0);
    at += 4;
  }
  return image;
}

/** The table and the requests: what lies from `TABLE` on, up to the end of the answers. */
export function guestMemory(calls: readonly TableCall[]): Uint8Array {
  const memory = new Uint8Array(memoryBytes(calls));
  const view = new DataView(memory.buffer);
  view.setBigUint64(0, BigInt(calls.length));
  for (const [index, { registers, request, afterClose = false }] of calls.entries()) {
    const record = RECORD_BYTES * (index + 1);
    for (const [i, value] of registers.entries()) view.setBigUint64(record + i * 8, BigInt.asUintN(64, BigInt(value)));
    view.setBigUint64(record + TRIES, afterClose ? 200n : 0n);
    view.setBigUint64(record + PAUSE, BigInt(afterClose ? PAUSE_LOOPS : 1));
    if (request) memory.set(request, requestAt(index) - TABLE);
  }
  return memory;
}
export const memoryBytes = (calls: readonly TableCall[]): number => answerAt(calls.length) - TABLE;

export const isDone = (memory: Uint8Array): boolean => memory[15] === 1;

export function resultsOf(memory: Uint8Array, calls: readonly TableCall[]): readonly CallResult[] {
  const view = new DataView(memory.buffer, memory.byteOffset);
  return calls.map((_call, index) => {
    const record = RECORD_BYTES * (index + 1);
    const answer = memory.slice(answerAt(index) - TABLE, answerAt(index) - TABLE + 4096);
    return { r3: view.getBigInt64(record + RESULT), r4: view.getBigUint64(record + RESULT + 8), answer: concat(answer) };
  });
}
