import { inParameter, refuse } from '../refusal.ts';
import { u64 } from '../session-crypto.ts';
import { nvType, TPM_NT, TPM_RC, TPM_SU, TPMA_NV } from '../wire/index.ts';
import type { Core } from './core.ts';
import { freshClear, freshRam, freshReset } from './manufacture.ts';
import { nvHas, nvNumber, setNvAttributes } from './nv/nv.ts';
import { startPcrs } from './pcr/pcr.ts';
import type { NvIndex } from './state.ts';
import { CLOCK_UPDATE_MS, clockOf } from './time.ts';

// Part 1 §12.2: power, Startup, Shutdown.

/** Volatile state goes. What Shutdown(STATE) saved is kept only if nothing came after it. */
export function powerOff(tpm: Core): void {
  const { state } = tpm;
  if (state.power === 'off') return;
  const orderly = isOrderly(tpm);
  if (state.power === 'started') {
    const clock = clockOf(tpm);
    // Nobody said that power would go: the Clock in NV is that of the last regular update.
    state.permanent.clock = orderly ? clock : clock - (clock % BigInt(CLOCK_UPDATE_MS));
  }
  if (state.permanent.orderly !== 'state') state.saved = null;
  state.power = 'off';
}

export function powerOn(tpm: Core): void {
  const { state } = tpm;
  state.power = 'on';
  state.permanent.pcrAllocated = state.permanent.pcrAllocatedNext ?? state.permanent.pcrAllocated;
  state.permanent.pcrAllocatedNext = null;
  state.permanent.timeEpoch++;
  state.ram = { ...freshRam(tpm), clockAtPowerOn: state.permanent.clock, startedOrderly: isOrderly(tpm) };
}

const isOrderly = (tpm: Core): boolean => tpm.state.permanent.orderly === 'clear' || tpm.state.permanent.orderly === 'state';

/** TPM2_Startup: TPM Reset, TPM Restart or TPM Resume, as the shutdown before and the type say. */
export function startup(tpm: Core, type: number, locality: number): void {
  const { state } = tpm;
  const { permanent, saved } = state;
  if (locality !== 0 && locality !== 3) refuse(TPM_RC.LOCALITY);
  if (type === TPM_SU.STATE && !saved) refuse(inParameter(1, TPM_RC.VALUE));
  if (type === TPM_SU.STATE && saved && saved.locality3 !== (locality === 3)) refuse(TPM_RC.LOCALITY);
  const daWasUsed = permanent.orderly === 'daUsed';
  if (!saved) reset(tpm);
  else {
    state.reset = saved.reset;
    state.reset.restartCount++;
    // Sessions in slots are lost, saved ones are not.
    state.reset.contextArray = state.reset.contextArray.map(entry => (entry <= tpm.limits.loadedSessions ? 0 : entry));
  }
  if (type === TPM_SU.STATE && saved) state.clear = saved.clear;
  else {
    if (saved) state.reset.clearCount++;
    clear(tpm, { reset: !saved, orderly: permanent.orderly === 'clear' || permanent.orderly === 'state' });
  }
  startPcrs(tpm, type === TPM_SU.STATE && saved ? saved.pcrs : null, locality === 3 ? 3 : 0);
  startLockout(tpm, daWasUsed);
  state.saved = null;
  state.ram.locality3 = locality === 3;
  state.power = 'started';
}

/** TPM Reset: nothing volatile survives, the null hierarchy gets a new seed. */
function reset(tpm: Core): void {
  tpm.state.reset = freshReset(tpm);
  tpm.state.permanent.resetCount = (tpm.state.permanent.resetCount + 1) >>> 0;
  tpm.state.permanent.totalResetCount = (tpm.state.permanent.totalResetCount + 1) >>> 0;
}

/** Startup(CLEAR): hierarchies are enabled again, what was locked until then is open. */
function clear(tpm: Core, since: { readonly reset: boolean; readonly orderly: boolean }): void {
  tpm.state.clear = freshClear();
  for (const index of tpm.state.permanent.nv.values()) clearNv(index, since);
}

const A = TPMA_NV.bit;

/** libtpms' MAX_ORDERLY_COUNT: an orderly counter is written to NV once in so many steps. */
const ORDERLY_COUNT = 0xffn;

/** Locks that last until the next Startup(CLEAR), contents that do (NvSetStartupAttributes), and counters that must not go back. */
function clearNv(index: NvIndex, { reset, orderly }: { readonly reset: boolean; readonly orderly: boolean }): void {
  const counter = nvType(index.publicArea.attributes) === TPM_NT.COUNTER;
  const inRam = nvHas(index, A.ORDERLY);
  let cleared = A.READLOCKED;
  if (!counter && (nvHas(index, A.CLEAR_STCLEAR) || (inRam && reset))) cleared |= A.WRITTEN;
  const written = nvHas(index, A.WRITTEN) && (cleared & A.WRITTEN) === 0;
  if (!written || !nvHas(index, A.WRITEDEFINE)) cleared |= A.WRITELOCKED;
  setNvAttributes(index, 0, cleared);
  if (counter && inRam && !orderly) index.data = u64((nvNumber(index) ?? 0n) | ORDERLY_COUNT);
}

/** A power loss after protected values were tried counts as a failure: else one could try, pull the plug, and try again. */
function startLockout(tpm: Core, daWasUsed: boolean): void {
  const { permanent } = tpm.state;
  if (permanent.lockoutRecovery === 0) permanent.lockoutAuthEnabled = true; // until the next reboot, it was said
  if (daWasUsed && permanent.recoveryTime !== 0 && permanent.failedTries < permanent.maxTries) permanent.failedTries++;
}

/** TPM2_Shutdown: what the next Startup may rely on. */
export function shutdown(tpm: Core, type: number): void {
  const { state } = tpm;
  // The PCRs that are there now are not those that will be.
  if (type === TPM_SU.STATE && state.permanent.pcrAllocatedNext) refuse(inParameter(1, TPM_RC.TYPE));
  state.permanent.clock = clockOf(tpm);
  // A protected value that is used from now on makes the shutdown disorderly again.
  state.ram.daUsed = false;
  if (type === TPM_SU.STATE) {
    state.saved = structuredClone({ clear: state.clear, reset: state.reset, pcrs: state.ram.pcrs, locality3: state.ram.locality3 });
    state.permanent.orderly = 'state';
  } else {
    state.saved = null;
    state.permanent.orderly = 'clear';
  }
}
