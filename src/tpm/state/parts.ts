import type { RandomState } from '../../sim/index.ts';
import type { Core } from '../model/core.ts';
import { manufacture } from '../model/manufacture.ts';
import type { Permanent, Ram, Saved, State, StateClear, StateReset } from '../model/state.ts';
import { CLOCK_UPDATE_MS, clockOf, timeOf } from '../model/time.ts';
import { BODY_AT, readState, StateFault, type StateKind, writeState } from './blob.ts';

// The two parts of a TPM's state, as libtpms divides it: what survives loss of power, what does not.

interface PermanentPart {
  readonly permanent: Permanent;
  readonly saved: Saved | null;
}

interface VolatilePart {
  readonly power: State['power'];
  readonly clear: StateClear;
  readonly reset: StateReset;
  readonly ram: Ram;
  /** TPM time: the clock of another process stands elsewhere. */
  readonly timeMs: bigint;
  /** timeEpoch of the permanent state that it belongs to. */
  readonly epoch: number;
  readonly random: RandomState;
}

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

/** A TPM like this one from the factory: what a state must look like. The generator is left as it was. */
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
  const model = modelOf(tpm);
  const part = readState('permanent', bytes) as PermanentPart;
  sameShape('permanent', part.permanent, model.permanent, 'permanent');
  if (part.saved) {
    sameShape('permanent', part.saved, { clear: model.clear, reset: model.reset, pcrs: model.ram.pcrs }, 'saved');
    sameSlots('permanent', part.saved.reset, model.reset);
  } else if (part.saved !== null) fault('permanent', 'saved is missing');
  return { ...model, permanent: part.permanent, saved: part.saved };
}

/**
 * The state of a TPM that runs, from its permanent state and the volatile one that was taken with it.
 * @throws {StateFault}
 */
export function readVolatile(tpm: Core, state: State, bytes: Uint8Array): { readonly state: State; readonly random: RandomState } {
  const model = modelOf(tpm);
  const part = readState('volatile', bytes) as VolatilePart;
  const { power, clear, reset, ram } = model;
  sameShape('volatile', part, { power, clear, reset, ram, timeMs: 0n, epoch: 0, random: tpm.random.snapshot() }, 'volatile');
  sameSlots('volatile', part.reset, reset);
  if (part.ram.objects.length !== ram.objects.length) fault('volatile', `it has ${part.ram.objects.length} slots for objects`);
  if (part.ram.sessions.length !== ram.sessions.length) fault('volatile', `it has ${part.ram.sessions.length} slots for sessions`);
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

function sameSlots(kind: StateKind, reset: StateReset, model: StateReset): void {
  const [found, expected] = [reset.contextArray.length, model.contextArray.length];
  if (found !== expected) fault(kind, `it is the state of a TPM with ${found} sessions, this one has ${expected}`);
}

/** The same fields with values of the same kind, as deep as the model's plain objects go; null stands for anything. */
function sameShape(kind: StateKind, value: unknown, model: unknown, path: string): void {
  if (model === null || value === null) return;
  if (kindOf(value) !== kindOf(model)) fault(kind, `${path} is ${kindOf(value)}, not ${kindOf(model)}`);
  if (kindOf(model) !== 'Object') return;
  for (const [name, inner] of Object.entries(model as object)) {
    if (!Object.hasOwn(value as object, name)) fault(kind, `${path}.${name} is missing`);
    sameShape(kind, (value as Record<string, unknown>)[name], inner, `${path}.${name}`);
  }
}

function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return 'bytes';
  return typeof value === 'object' ? (value?.constructor?.name ?? 'Object') : typeof value;
}
