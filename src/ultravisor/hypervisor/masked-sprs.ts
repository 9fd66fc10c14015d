/** Passed as they are (docs/reference/pef.md#masked-registers). */
const PASSED = ['HSPRG0', 'HSPRG1', 'LPCR'] as const;
/** Passed for one vector only. */
const PASSED_FOR: Readonly<Record<number, readonly string[]>> = {
  512: ['DSISR', 'DAR', 'ASDR'],
  3584: ['HDSISR', 'HDAR', 'ASDR'],
  3616: ['HDAR', 'ASDR'],
};
const NEUTRAL_PPR = 0x0010_0000_0000_0000n;
const NEUTRAL_DEC = 0x7fff_ffffn;

/**
 * The SPRs of an SVM as the hypervisor finds them. All others are 0 while it runs for an SVM (core/masked-sprs-raw.h;
 * docs/reference/pef.md#masked-registers): SPURR, PURR, CIABR, DAR, DAWR, DAWRX, IAMR, DSCR, DSISR, PSPB, TAR, UAMOR, VRSAVE, SDAR, SIER,
 * SIAR, PMC1-6, MMCRC, TRACE, EBBHR, EBBRR, HEIR, TIDR. `decShown`: H_CEDE, for the hypervisor must know when to wake the SVM.
 */
export function sprsFor(svm: Readonly<Record<string, bigint>>, vector: number, decShown: boolean): Record<string, bigint> {
  const seen: Record<string, bigint> = { PPR: NEUTRAL_PPR, DEC: decShown ? (svm.DEC ?? 0n) : NEUTRAL_DEC };
  for (const name of [...PASSED, ...(PASSED_FOR[vector] ?? [])]) if (svm[name] !== undefined) seen[name] = svm[name];
  return seen;
}
