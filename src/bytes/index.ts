export { getU16, getU32, setU16, setU32 } from './big-endian.ts';
export * from './codec.ts';
export { concat, fromHex, hex, hexDump, sameBytes, toHex, utf8 } from './hex.ts';
export { DecodeError, type Fault, type FieldSeen, Reader } from './reader.ts';
export { visible, visibleDeep, visibleLines } from './visible.ts';
export { Writer } from './writer.ts';
