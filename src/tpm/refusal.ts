import type { DecodeError, Fault } from '../bytes/index.ts';
import { explainRc, isFormat1, TPM_RC } from './wire/index.ts';

/**
 * The TPM refuses a command: thrown deep inside, turned into a response in `Tpm.execute` and nowhere else. Nothing has been
 * changed when it is thrown, less what the specification changes on refusal.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly rc: number;
  constructor(rc: number) {
    super();
    this.rc = rc;
  }
  /** Made when somebody asks: most refusals are answered with the code alone. */
  override get message(): string {
    return explainRc(this.rc).text;
  }
}

const PARAMETER = 0x40;
const SESSION = 8;

/** Only format 1 codes have room for a number; the others stay as they are (RcSafeAddToResult of Part 4). */
const blame = (rc: number, number: number, flag: number): number => (isFormat1(rc) ? rc | (number << 8) | flag : rc);

/** `rc` with the number of the parameter it blames, counted from 1. */
export const inParameter = (number: number, rc: number): number => blame(rc, number, PARAMETER);
/** `rc` with the number of the handle it blames, counted from 1. */
export const inHandle = (number: number, rc: number): number => blame(rc, number, 0);
/** `rc` with the number of the session it blames, counted from 1. */
export const inSession = (number: number, rc: number): number => blame(rc, SESSION + number, 0);

export function refuse(rc: number): never {
  throw new Refusal(rc);
}

/** Runs `body`; a code it refuses with gets the number that the caller knows, if it has none yet. */
export function blaming<T>(number: (rc: number) => number, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof Refusal && isFormat1(error.rc) && error.rc >>> 8 === 0 && (error.rc & PARAMETER) === 0)
      throw new Refusal(number(error.rc));
    throw error;
  }
}

/** What unmarshalling calls wrong bytes (Part 2's `#TPM_RC_...` of each type). */
const RC_OF_FAULT: Readonly<Record<string, number>> = {
  short: TPM_RC.INSUFFICIENT,
  value: TPM_RC.VALUE,
  size: TPM_RC.SIZE,
  trailing: TPM_RC.SIZE,
  reserved: TPM_RC.RESERVED_BITS,
  selector: TPM_RC.SELECTOR,
  hash: TPM_RC.HASH,
  symmetric: TPM_RC.SYMMETRIC,
  mode: TPM_RC.MODE,
  type: TPM_RC.TYPE,
  curve: TPM_RC.CURVE,
  scheme: TPM_RC.SCHEME,
  kdf: TPM_RC.KDF,
  tag: TPM_RC.TAG,
};

export function rcOfFault({ fault }: DecodeError | { readonly fault: Fault }): number {
  const rc = RC_OF_FAULT[fault];
  if (rc === undefined) throw new RangeError(`no response code is assigned to the fault "${fault}"`);
  return rc;
}
