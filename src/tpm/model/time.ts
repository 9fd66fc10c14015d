import type { Core } from './core.ts';

/** Milliseconds of Clock after which it is written to NV (TPM_PT_CLOCK_UPDATE). */
export const CLOCK_UPDATE_MS = 0x1000;

/** Time: milliseconds since power-on. */
export const timeOf = (tpm: Core): bigint => tpm.clock.nowMs - tpm.state.ram.poweredOnAt;
/** Clock: milliseconds that this TPM was powered in its life, as far as it can know. */
export const clockOf = (tpm: Core): bigint => tpm.state.ram.clockAtPowerOn + timeOf(tpm);

/** TPMS_CLOCK_INFO. After a power loss that nobody announced Clock may repeat itself until the next regular update. */
export function clockInfo(tpm: Core): { clock: bigint; resetCount: number; restartCount: number; safe: number } {
  const { permanent, reset, ram } = tpm.state;
  const safe = ram.startedOrderly || timeOf(tpm) >= BigInt(CLOCK_UPDATE_MS);
  return { clock: clockOf(tpm), resetCount: permanent.resetCount, restartCount: reset.restartCount, safe: safe ? 1 : 0 };
}
