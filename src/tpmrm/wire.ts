import { setU32 } from '../bytes/index.ts';
import { withTpmHeader } from '../spec/index.ts';

/**
 * The few numbers of TPM 2.0 that the kernel itself looks at: of handles, and of the commands it sends on its own. Everything
 * else passes through this room unread.
 */
const TPM_ST_NO_SESSIONS = 0x8001;

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

/** A command or response without sessions; `body` is bytes or 32-bit words. */
export const message = (code: number, body: Uint8Array | readonly number[] = []): Uint8Array =>
  withTpmHeader(TPM_ST_NO_SESSIONS, code, body instanceof Uint8Array ? body : words(body));

/** 32-bit words one after the other. */
export function words(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  for (const [i, value] of values.entries()) setU32(bytes, i * 4, value);
  return bytes;
}
