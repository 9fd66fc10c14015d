import { s64 } from './registers.ts';

/**
 * Results of ultracalls (open-power/ultravisor include/uapi_uvcall.h, include/uvcall.h; docs/reference/pef.md#results-of-ultracalls).
 * U_INVALID and U_NO_KEY stand in the document only: they have no published number, and get private ones outside of every published range.
 */
export const U = {
  SUCCESS: 0,
  FUNCTION: -2,
  PARAMETER: -4,
  RETRY: -5,
  HARDWARE: -6,
  UNSUPPORTED: -7,
  PERMISSION: -11,
  WRONG_STATE: -14,
  XSCOM_PARTIAL_GOOD: -25,
  XSCOM_ADDR_ERROR: -26,
  XSCOM_CLOCK_ERROR: -27,
  XSCOM_PARITY_ERROR: -28,
  XSCOM_TIMEOUT: -29,
  P2: -55,
  P3: -56,
  P4: -57,
  P5: -58,
  BAD_MODE: -59,
  STATE: -75,
  INVALID: -0x5f01,
  NO_KEY: -0x5f02,
} as const;
export type UName = `U_${keyof typeof U}`;

/** Names without a published number. */
export const UNPUBLISHED: ReadonlySet<UName> = new Set<UName>(['U_INVALID', 'U_NO_KEY']);

export const U_MEANING: Readonly<Record<keyof typeof U, string>> = {
  SUCCESS: 'done',
  FUNCTION: 'no such ultracall',
  PARAMETER: 'a parameter is not valid (the first, where parameters are counted)',
  RETRY: 'not now, call again',
  HARDWARE: 'hardware error (internal)',
  UNSUPPORTED: 'not supported (internal)',
  PERMISSION: 'the caller may not do this',
  WRONG_STATE: 'wrong state; also: the SCOM chiplet is off',
  XSCOM_PARTIAL_GOOD: 'SCOM: partial good',
  XSCOM_ADDR_ERROR: 'SCOM: address error',
  XSCOM_CLOCK_ERROR: 'SCOM: clock error',
  XSCOM_PARITY_ERROR: 'SCOM: parity error',
  XSCOM_TIMEOUT: 'SCOM: time-out',
  P2: 'parameter 2 is not valid',
  P3: 'parameter 3 is not valid',
  P4: 'parameter 4 is not valid',
  P5: 'parameter 5 is not valid',
  BAD_MODE: 'not in this mode (transactional memory)',
  STATE: 'the SVM has been aborted',
  INVALID: 'the VM is not secure',
  NO_KEY: 'no symmetric key could be had',
};

/** Errors of libfdt, which UV_ESMB_GET_FILE lets through as they are (docs/reference/pef.md#uv_esmb_get_file). */
export const FDT_ERR = { NOTFOUND: -1, BADMAGIC: -9 } as const;
export const FDT_ERR_MEANING: Readonly<Record<keyof typeof FDT_ERR, string>> = {
  NOTFOUND: 'the ESM blob has no such file',
  BADMAGIC: 'the ESM blob has no attachments',
};

/** `FDT_ERR_NOTFOUND`; undefined for a number without a name. */
export function fdtErrName(code: bigint | number): string | undefined {
  const found = Object.entries(FDT_ERR).find(([, value]) => value === Number(code));
  return found && `FDT_ERR_${found[0]}`;
}

const NAMES = new Map(Object.entries(U).map(([name, value]) => [value as number, `U_${name}` as UName]));

/** `U_P3` of a register or number; undefined for a number without a name. */
export function uName(code: bigint | number): UName | undefined {
  return NAMES.get(typeof code === 'bigint' ? Number(s64(code)) : code);
}

/** `U_P3 (-56)`; a name without a published number says so. */
export function showU(code: number): string {
  const name = uName(code);
  if (!name) return String(code);
  return UNPUBLISHED.has(name) ? `${name} (no published number)` : `${name} (${code})`;
}
