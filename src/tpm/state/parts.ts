import type { z } from 'zod';
import type { RandomState } from '../../sim/index.ts';
import type { Core } from '../model/core.ts';
import { manufacture } from '../model/manufacture.ts';
import type { State } from '../model/state.ts';
import { CLOCK_UPDATE_MS, clockOf, timeOf } from '../model/time.ts';
import { BODY_AT, readState, StateFault, type StateKind, writeState } from './blob.ts';
import { type PermanentPart, permanentPart, type VolatilePart, volatilePart } from './schema.ts';

// The two parts of a TPM's state, as libtpms divides it: what survives loss of power, what does not.

const FOREIGN = 'It was written by another program, or for a TPM with other limits.';
const fault = (kind: StateKind, what: string, hint = FOREIGN): never => {
  throw new StateFault(kind, BODY_AT, what, hint);
};

/** What must be in NV memory now. The Clock is that of its last regular update: it need not be written with every command. */
export function permanentBytes(tpm: Core): Uint8Array {
  const { power, permanent, saved } = tpm.state;
  const clock = power === 'started' ? clockOf(tpm) : 0n;
  const updated = clock - (clock % BigInt(CLOCK_UPDATE_MS));
  const written = { ...permanent, clock: updated > permanent.clock ? updated : permanent.clock };
  return writeState('permanent', { permanent: written, saved } satisfies PermanentPart);
}

export function volatileBytes(tpm: Core): Uint8Array {
  const { power, permanent, clear, reset, ram } = tpm.state;
  const random = tpm.random.snapshot();
  return writeState('volatile', {
    power,
    clear,
    reset,
    ram,
    timeMs: timeOf(tpm),
    epoch: permanent.timeEpoch,
    random,
  } satisfies VolatilePart);
}

/** A TPM like this one from the factory. The generator is left as it was. */
function modelOf(tpm: Core): State {
  const before = tpm.random.snapshot();
  const model = manufacture(tpm);
  tpm.random.restore(before);
  return model;
}

/**
 * The state of a TPM that is off.
 * @throws {StateFault}
 */
export function readPermanent(tpm: Core, bytes: Uint8Array): State {
  const { permanent, saved } = checked('permanent', permanentPart(tpm.limits), readState('permanent', bytes));
  return { ...modelOf(tpm), permanent, saved };
}

/**
 * The state of a TPM that runs, from its permanent state and the volatile one that was taken with it.
 * @throws {StateFault}
 */
export function readVolatile(tpm: Core, state: State, bytes: Uint8Array): { readonly state: State; readonly random: RandomState } {
  const part = checked('volatile', volatilePart(tpm.limits), readState('volatile', bytes));
  if (part.epoch !== state.permanent.timeEpoch) {
    fault(
      'volatile',
      `it was taken after power-on ${part.epoch}, the permanent state after power-on ${state.permanent.timeEpoch}`,
      'Volatile state goes with the permanent state of the same moment, and can be used once.',
    );
  }
  const { nowMs } = tpm.clock;
  const rebased = { ...part.ram, poweredOnAt: nowMs - part.timeMs };
  return { state: { ...state, power: part.power, clear: part.clear, reset: part.reset, ram: rebased }, random: part.random };
}

/** The value when it is what a TPM with these limits can have; else the first field that is not, with what it has. */
function checked<T>(kind: StateKind, schema: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  return fault(kind, `${pathText(path)}${shown(valueAt(value, path))} ${issue?.message ?? 'is not allowed'}`);
}

const pathText = (path: readonly PropertyKey[]): string => path.map(String).join('.');

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (inner instanceof Map) return inner.get(key);
    return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
      ? (inner as Record<PropertyKey, unknown>)[key]
      : undefined;
  }, value);
}

/** Numbers and words in full; of bytes, which may be secret, how many there are. */
function shown(value: unknown): string {
  if (value instanceof Uint8Array) return ` (${value.length} bytes)`;
  if (typeof value === 'object' && value !== null) return '';
  return ` (${String(value).slice(0, 40)})`;
}
