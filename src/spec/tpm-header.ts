// TPM 2.0 Part 1 §18: tag (16 bits), size of the whole (32 bits), then the command's or the response's code (32 bits).

export const TPM_HEADER_BYTES = 10;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Too short to hold a header: what {@link tagOf}, {@link sizeOf}, {@link codeOf} and {@link rcOf} say of it means nothing. */
export const hasTpmHeader = (packet: Uint8Array): boolean => packet.length >= TPM_HEADER_BYTES;

export const tagOf = (packet: Uint8Array): number => viewOf(packet).getUint16(0);
/** commandSize or responseSize: what the header says, not what came. */
export const sizeOf = (packet: Uint8Array): number => viewOf(packet).getUint32(2);
export const codeOf = (command: Uint8Array): number => viewOf(command).getUint32(6);
export const rcOf = (response: Uint8Array): number => viewOf(response).getUint32(6);

/** A command or response: the header with its size, and what follows it. */
export function withTpmHeader(tag: number, code: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const packet = new Uint8Array(TPM_HEADER_BYTES + body.length);
  const view = viewOf(packet);
  view.setUint16(0, tag);
  view.setUint32(2, packet.length);
  view.setUint32(6, code);
  packet.set(body, TPM_HEADER_BYTES);
  return packet;
}
