import { getU16, getU32, setU16, setU32 } from '../bytes/index.ts';

// TPM 2.0 Part 1 §18: tag (16 bits), size of the whole (32 bits), then the command's or the response's code (32 bits).

export const TPM_HEADER_BYTES = 10;

export const hasTpmHeader = (packet: Uint8Array): boolean => packet.length >= TPM_HEADER_BYTES;

export const tagOf = (packet: Uint8Array): number => getU16(packet, 0);
/** commandSize or responseSize: what the header says, not what came. */
export const sizeOf = (packet: Uint8Array): number => getU32(packet, 2);
/** commandCode; 0, which no command has, of what is too short for a header. */
export const codeOf = (command: Uint8Array): number => (hasTpmHeader(command) ? getU32(command, 6) : 0);
/** responseCode; of what is too short for a header it says nothing: see {@link hasTpmHeader}. */
export const rcOf = (response: Uint8Array): number => getU32(response, 6);

/** A command or response: the header with its size, and what follows it. */
export function withTpmHeader(tag: number, code: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const packet = new Uint8Array(TPM_HEADER_BYTES + body.length);
  setU16(packet, 0, tag);
  setU32(packet, 6, code);
  packet.set(body, TPM_HEADER_BYTES);
  return sized(packet);
}

/** Writes the packet's own length into its header. */
export function sized(packet: Uint8Array): Uint8Array {
  setU32(packet, 2, packet.length);
  return packet;
}
