import type { Value } from '../../../bytes/index.ts';
import { digest } from '../../../crypto/index.ts';
import type { PcrRule } from '../../generation/behaviour.ts';
import { HASHES, hashName, PCR_SELECT_BYTES, TPM_PT_PCR, type TPMS_PCR_SELECTION } from '../../wire/index.ts';
import type { Core } from '../core.ts';

export const PCR_COUNT = 24;
type Selection = Value<typeof TPMS_PCR_SELECTION>;

const STATIC: PcrRule = { saved: true, extend: 0b11111, reset: 0, counted: true, drtm: false, group: false };
export const ruleOf = (tpm: Core, pcr: number): PcrRule => tpm.behaviour.pcrRules[pcr] ?? STATIC;
/** PCRs with authorizations of their own. */
export const pcrGroup = (tpm: Core): number[] => tpm.behaviour.pcrRules.flatMap(({ group }, pcr) => (group ? [pcr] : []));

/** pcrSelect of all PCRs for which something holds. */
function selectWhere(tpm: Core, holds: (rule: PcrRule, pcr: number) => boolean): Uint8Array {
  const select = new Uint8Array(PCR_SELECT_BYTES);
  tpm.behaviour.pcrRules.forEach((entry, pcr) => {
    if (holds(entry, pcr)) select[pcr >> 3] = (select[pcr >> 3] ?? 0) | (1 << (pcr & 7));
  });
  return select;
}

const extendAt = (locality: number) => (entry: PcrRule) => locality <= 4 && (entry.extend & (1 << locality)) !== 0;
const resetAt = (locality: number) => (entry: PcrRule) => locality <= 4 && (entry.reset & (1 << locality)) !== 0;
/** TPM_CAP_PCR_PROPERTIES. */
export function pcrProperties(tpm: Core): readonly (readonly [number, Uint8Array])[] {
  const where = (holds: (rule: PcrRule) => boolean) => selectWhere(tpm, holds);
  return [
    [TPM_PT_PCR.SAVE, where(entry => entry.saved)],
    ...[0, 1, 2, 3, 4].flatMap((locality): [number, Uint8Array][] => [
      [TPM_PT_PCR.EXTEND_L0 + 2 * locality, where(extendAt(locality))],
      [TPM_PT_PCR.RESET_L0 + 2 * locality, where(resetAt(locality))],
    ]),
    [TPM_PT_PCR.NO_INCREMENT, where(entry => !entry.counted)],
    [TPM_PT_PCR.DRTM_RESET, where(entry => entry.drtm)],
    [TPM_PT_PCR.POLICY, where(entry => entry.group)],
    [TPM_PT_PCR.AUTH, where(entry => entry.group)],
  ];
}

/** How many PCRs a pcrSelect names. */
export const selectedCount = (select: Uint8Array): number =>
  Array.from({ length: PCR_COUNT }, (_, pcr) => selects(select, pcr)).filter(Boolean).length;

const selects = (select: Uint8Array, pcr: number): boolean => ((select[pcr >> 3] ?? 0) & (1 << (pcr & 7))) !== 0;
const isAllocated = (tpm: Core, bank: number, pcr: number): boolean =>
  selects(tpm.state.permanent.pcrAllocated.get(bank) ?? new Uint8Array(0), pcr);

/** A PCR got another value: PolicyPCR sessions that looked at PCRs before are void, unless this one does not count. */
function changed(tpm: Core, pcr: number): void {
  if (ruleOf(tpm, pcr).counted) tpm.state.reset.pcrCounter = (tpm.state.reset.pcrCounter + 1) >>> 0;
}

/**
 * Values at Startup. Over Startup(STATE) the saved PCRs keep theirs; `first` is PCR 0's last byte (the locality of Startup), unless
 * a launch was measured into PCR 0 before.
 */
export function startPcrs(tpm: Core, kept: Map<number, Uint8Array[]> | null, first: number): void {
  const { pcrs: before, launchMeasured } = tpm.state.ram;
  tpm.state.ram.pcrs = new Map(
    HASHES.map(hash => [
      hash.id,
      tpm.behaviour.pcrRules.map((entry, pcr) => {
        const old = kept?.get(hash.id)?.[pcr];
        if (old && entry.saved) return old;
        const launched = before.get(hash.id)?.[pcr];
        if (launched && launchMeasured && pcr === 0) return launched;
        const value = new Uint8Array(hash.digestBytes).fill(entry.drtm ? 0xff : 0);
        if (pcr === 0) value[value.length - 1] = first;
        return value;
      }),
    ]),
  );
  tpm.behaviour.pcrRules.forEach((entry, pcr) => {
    if (!(kept && entry.saved)) changed(tpm, pcr);
  });
}

export function readPcr(tpm: Core, bank: number, pcr: number): Uint8Array {
  const value = tpm.state.ram.pcrs.get(bank)?.[pcr];
  if (!value) throw new RangeError(`there is no PCR ${pcr} in bank 0x${bank.toString(16)}`);
  return value;
}

function write(tpm: Core, bank: number, pcr: number, value: Uint8Array): void {
  const values = tpm.state.ram.pcrs.get(bank);
  if (values) values[pcr] = value;
}

/** value' = H(value ‖ digest), in a bank that has the PCR; counted once a bank. */
export function extendPcr(tpm: Core, pcr: number, bank: number, data: Uint8Array): void {
  if (!isAllocated(tpm, bank, pcr)) return;
  write(tpm, bank, pcr, digest(hashName(bank), readPcr(tpm, bank, pcr), data));
  if (ruleOf(tpm, pcr).saved) tpm.disorderly = true;
  changed(tpm, pcr);
}

/** The same value in all banks: every byte `fill`. */
export function setPcr(tpm: Core, pcr: number, fill = 0): void {
  for (const hash of HASHES) write(tpm, hash.id, pcr, new Uint8Array(hash.digestBytes).fill(fill));
  changed(tpm, pcr);
}

/** DRTM: the PCRs of the dynamic root of trust begin at zero. Only the extension that follows is counted (Part 4 _TPM_Hash_End.c). */
export function launchPcrs(tpm: Core): void {
  for (const hash of HASHES) {
    tpm.behaviour.pcrRules.forEach((entry, pcr) => {
      if (entry.drtm) write(tpm, hash.id, pcr, new Uint8Array(hash.digestBytes));
    });
  }
}

/** H-CRTM: PCR 0 before Startup, with the locality of the launch (4) as its initial value (Part 1 §34.3). */
export function launchPcr0(tpm: Core): void {
  tpm.state.ram.pcrs = new Map(HASHES.map(hash => [hash.id, [new Uint8Array(hash.digestBytes).fill(4, hash.digestBytes - 1)]]));
}

export const mayExtend = (tpm: Core, pcr: number, locality: number): boolean => extendAt(locality)(ruleOf(tpm, pcr));
/** Locality 4 is the hardware's: what it resets, it resets by its own means (libtpms PCRIsResetAllowed). */
export const mayReset = (tpm: Core, pcr: number, locality: number): boolean => locality !== 4 && resetAt(locality)(ruleOf(tpm, pcr));

/** The selection without PCRs that are not allocated: what the TPM says it looked at. */
export function effectiveSelection(tpm: Core, selections: readonly Selection[]): Selection[] {
  return selections.map(({ hash, pcrSelect }) => ({
    hash,
    pcrSelect: pcrSelect.map((byte, i) => byte & (tpm.state.permanent.pcrAllocated.get(hash)?.[i] ?? 0)),
  }));
}

/** Bank and number of each selected PCR, in order. */
export function* selected(selections: readonly Selection[]): Generator<{ bank: number; pcr: number; selection: number }> {
  for (const [selection, { hash, pcrSelect }] of selections.entries()) {
    for (let pcr = 0; pcr < PCR_COUNT; pcr++) if (selects(pcrSelect, pcr)) yield { bank: hash, pcr, selection };
  }
}

/** The digest of selected values (Part 1 §17.7, PCRComputeCurrentDigest). */
export function pcrDigest(tpm: Core, hash: number, selections: readonly Selection[]): Uint8Array {
  return digest(hashName(hash), ...[...selected(effectiveSelection(tpm, selections))].map(({ bank, pcr }) => readPcr(tpm, bank, pcr)));
}
