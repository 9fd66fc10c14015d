import { beginsMessage, type Direction, HEADER_BYTES, isTag, u16, u32 } from '../message.ts';
import { isCommandCode } from '../names.ts';

/** What the bytes at the front of one way of a connection are. */
export type Frame =
  | { readonly kind: 'message'; readonly skip: number; readonly size: number; readonly behind: number; readonly asks?: number }
  /** Bytes of the protocol that are no TPM message. `asks`: the request that the other end answers. */
  | { readonly kind: 'frame'; readonly size: number; readonly asks?: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'stranger' };

/** A protocol that carries TPM messages over a stream, from one end's view. */
export interface Protocol {
  readonly name: string;
  /** Whether these are the first bytes that a client of it sends; undefined while they are too few. */
  client(bytes: Uint8Array): boolean | undefined;
  server(bytes: Uint8Array): boolean | undefined;
  /** `answers`: the oldest request that is not answered yet. */
  frame(bytes: Uint8Array, from: Direction, answers: number | undefined): Frame;
}

const WAIT: Frame = { kind: 'wait' };
const STRANGER: Frame = { kind: 'stranger' };

function tpmFrame(bytes: Uint8Array, skip = 0, behind = 0): Frame {
  const message = bytes.subarray(skip);
  if (message.length < 6) return message.length < 2 || isTag(u16(message, 0)) ? WAIT : STRANGER;
  return beginsMessage(message) ? { kind: 'message', skip, size: u32(message, 2), behind } : STRANGER;
}
const begins = (bytes: Uint8Array): boolean | undefined =>
  bytes.length < HEADER_BYTES ? (isTag(u16(bytes, 0)) ? undefined : bytes.length < 2 ? undefined : false) : beginsMessage(bytes);

/** Commands and responses one behind the other: swtpm's data channel, /dev/tpm0 through socat, Wireshark's own. */
const RAW: Protocol = {
  name: 'TPM messages',
  client: bytes => {
    const fits = begins(bytes);
    return fits ? isCommandCode(u32(bytes, 6)) || u16(bytes, 0) < 0x00c4 : fits;
  },
  server: begins,
  frame: bytes => tpmFrame(bytes),
};

/** TPM 2.0 simulator of Part 4 (TcpServer.c, TpmTcpProtocol.h): numbers of its requests with the bytes behind each. */
const SEND_COMMAND = 8;
const HASH_DATA = 6;
const HANDSHAKE = 15;
const SESSION_END: ReadonlySet<number> = new Set([20, 21]);
const MOST_REQUEST = 31;

function mssimRequest(bytes: Uint8Array): Frame {
  if (bytes.length < 4) return WAIT;
  const request = u32(bytes, 0);
  if (request === 0 || request > MOST_REQUEST) return STRANGER;
  if (request === SEND_COMMAND) {
    if (bytes.length < 9) return WAIT;
    const frame = tpmFrame(bytes, 9);
    return frame.kind === 'message' ? { ...frame, asks: request } : frame;
  }
  const size = request === HANDSHAKE ? 8 : request === HASH_DATA ? (bytes.length < 8 ? 8 : 8 + u32(bytes, 4)) : 4;
  if (bytes.length < size) return WAIT;
  return SESSION_END.has(request) ? { kind: 'frame', size } : { kind: 'frame', size, asks: request };
}

function mssimAnswer(bytes: Uint8Array, answers: number | undefined): Frame {
  if (bytes.length < 4) return WAIT;
  const size = u32(bytes, 0);
  if (answers === undefined || answers === SEND_COMMAND) {
    if (bytes.length < HEADER_BYTES) return bytes.length >= 6 && !isTag(u16(bytes, 4)) ? STRANGER : WAIT;
    if (!beginsMessage(bytes.subarray(4)) || u32(bytes, 6) !== size) return answers === undefined ? { kind: 'frame', size: 4 } : STRANGER;
    if (bytes.length < 4 + size + 4) return WAIT;
    return { kind: 'message', skip: 4, size, behind: 4 };
  }
  const length = answers === HANDSHAKE ? 12 : 4;
  if (bytes.length < length) return WAIT;
  return { kind: 'frame', size: length };
}

const MSSIM: Protocol = {
  name: "the simulator's protocol",
  client: bytes => {
    if (bytes.length < 4) return undefined;
    const request = u32(bytes, 0);
    if (request !== SEND_COMMAND) return request === HANDSHAKE || request === 5 ? (bytes.length >= 4 ? true : undefined) : false;
    // swtpm's control channel has a request 8 too, of four bytes and no more.
    if (bytes.length < 19) return undefined;
    return beginsMessage(bytes.subarray(9)) && u32(bytes, 11) === u32(bytes, 5);
  },
  server: bytes => (bytes.length < 14 ? undefined : beginsMessage(bytes.subarray(4)) && u32(bytes, 0) === u32(bytes, 6)),
  frame: (bytes, from, answers) => (from === 'command' ? mssimRequest(bytes) : mssimAnswer(bytes, answers)),
};

/** Requests of swtpm's control channel and of the simulator's platform port: small numbers, and no TPM message in them. */
const SIGNALS: Protocol = {
  name: 'signals of a platform or of swtpm',
  client: bytes => (bytes.length < 4 ? undefined : u32(bytes, 0) > 0 && u32(bytes, 0) <= MOST_REQUEST && u32(bytes, 0) !== SEND_COMMAND),
  server: () => undefined,
  frame: bytes => ({ kind: 'frame', size: bytes.length }),
};

/** In the order in which they are tried. */
export const PROTOCOLS: readonly Protocol[] = [RAW, MSSIM, SIGNALS];
/** Ports at which a server of them listens by custom. */
export const SERVER_PORTS: ReadonlySet<number> = new Set([2321, 2322, 2323, 2324]);
