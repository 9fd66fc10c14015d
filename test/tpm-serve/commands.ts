import { fromHex, toHex } from '../../src/bytes/index.ts';

/** TPM commands as a client would send them, with empty passwords. */
const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', ''));
const PASSWORD = '00000009 40000009 0000 01 0000';
export const COUNTER = '01800000';
export const DATA = '01800001';
const OWNER = '40000001';

export const STARTUP = hex('8001 0000000c 00000144 0000');
export const SHUTDOWN_STATE = hex('8001 0000000c 00000145 0001');
export const GET_RANDOM = hex('8001 0000000c 0000017b 0008');
export const READ_CLOCK = hex('8001 0000000a 00000181');
export const readPcr = (pcr: number): Uint8Array =>
  hex(`8001 00000014 0000017e 00000001 000b 03 ${((1 << pcr) >>> 0).toString(16).padStart(6, '0').match(/../g)?.reverse().join('')}`);
/** SHA-256 bank. */
export const extendPcr = (pcr: number): Uint8Array =>
  hex(`8002 00000041 00000182 ${pcr.toString(16).padStart(8, '0')} ${PASSWORD} 00000001 000b ${'5a'.repeat(32)}`);
const define = (index: string, attributes: string): Uint8Array =>
  hex(`8002 0000002d 0000012a ${OWNER} ${PASSWORD} 0000 000e ${index} 000b ${attributes} 0000 0008`);
export const defineCounter = define(COUNTER, '02060016');
export const defineData = define(DATA, '02060006');
export const increment = hex(`8002 0000001f 00000134 ${COUNTER} ${COUNTER} ${PASSWORD}`);
export const write = (value: bigint): Uint8Array =>
  hex(`8002 0000002b 00000137 ${DATA} ${DATA} ${PASSWORD} 0008 ${value.toString(16).padStart(16, '0')} 0000`);
export const read = (index: string): Uint8Array => hex(`8002 00000023 0000014e ${index} ${index} ${PASSWORD} 0008 0000`);
/** The eight bytes of an answer to `read`. */
export const readValue = (answer: Uint8Array): bigint => BigInt(`0x${toHex(answer.subarray(16, 24))}`);
export const rcOf = (answer: Uint8Array): number => new DataView(answer.buffer, answer.byteOffset).getUint32(6);

/** A primary ECC key of the owner (P-256, a storage key). */
export const createPrimary = hex(
  `8002 00000043 00000131 ${OWNER} ${PASSWORD} 0004 0000 0000 001a 0023 000b 00030072 0000 0006 0080 0043 0010 0003 0010 0000 0000 0000 00000000`,
);
export const PERSISTENT = '81000007';
/** From a slot to its place, or, given that place, out of it. */
export const evict = (object: string): Uint8Array => hex(`8002 00000023 00000120 ${OWNER} ${object} ${PASSWORD} ${PERSISTENT}`);
export const readPublic = (object: string): Uint8Array => hex(`8001 0000000e 00000173 ${object}`);
