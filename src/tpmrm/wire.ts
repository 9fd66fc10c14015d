/**
 * The few bytes of TPM 2.0 that the kernel itself looks at: headers, handles, and the commands it sends on its own. Everything
 * else passes through this room unread.
 */
export const HEADER_SIZE = 10; // tag u16, size u32, command code or response code u32 (Part 1 §18)

export const CC = {
  Startup: 0x144,
  SelfTest: 0x143,
  ContextLoad: 0x161,
  ContextSave: 0x162,
  FlushContext: 0x165,
  GetCapability: 0x17a,
} as const;

export const RC = {
  success: 0,
  commandCode: 0x143,
  initialize: 0x100,
  handle: 0x08b, // with the position taken off
  referenceH0: 0x910,
  testing: 0x90a,
  retry: 0x922,
} as const;

export const CAP = { handles: 1, commands: 2, tpmProperties: 6 } as const;
export const PT_TOTAL_COMMANDS = 0x129;

export const HANDLE_TYPE = { hmacSession: 0x02, policySession: 0x03, transient: 0x80 } as const;

export const handleType = (handle: number): number => handle >>> 24;

export function getU32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

export function getU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export const sizeOf = (message: Uint8Array): number => getU32(message, 2);
/** Command code of a command, response code of a response. */
export const codeOf = (message: Uint8Array): number => getU32(message, 6);

/** A command or response without sessions; `body` is bytes or 32-bit words. */
export function message(code: number, body: Uint8Array | readonly number[] = []): Uint8Array {
  const bytes = body instanceof Uint8Array ? body : words(body);
  const whole = new Uint8Array(HEADER_SIZE + bytes.length);
  whole[0] = 0x80;
  whole[1] = 0x01; // TPM_ST_NO_SESSIONS
  setU32(whole, 2, whole.length);
  setU32(whole, 6, code);
  whole.set(bytes, HEADER_SIZE);
  return whole;
}

/** 32-bit words one after the other. */
export function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  for (const [i, value] of values.entries()) setU32(bytes, i * 4, value);
  return bytes;
}
