import { HASHES } from '../../wire/index.ts';
import type { Core } from '../core.ts';
import { finishHash, startHash, updateHash } from '../crypto/running-hash.ts';
import { extendPcr, launchPcr0, launchPcrs } from './pcr.ts';

// Part 3 §22.10: _TPM_Hash_Start, _TPM_Hash_Data, _TPM_Hash_End. The platform's signals, not commands: it measures what a
// dynamic launch starts, or before Startup its own first code (H-CRTM).

const HCRTM_PCR = 0;
const DRTM_PCR = 17;

export function hashStart(tpm: Core): void {
  if (tpm.state.power === 'off') return;
  tpm.state.ram.launchHash = new Map(HASHES.map(({ id }) => [id, startHash(id)]));
  tpm.state.permanent.established = true;
}

/** Without a start it has no effect. */
export function hashData(tpm: Core, data: Uint8Array): void {
  const { ram } = tpm.state;
  if (ram.launchHash) ram.launchHash = new Map([...ram.launchHash].map(([id, hash]) => [id, updateHash(id, hash, data)]));
}

/** After Startup the PCRs of the dynamic root of trust begin at zero, and the digest goes to PCR 17; before Startup to PCR 0. */
export function hashEnd(tpm: Core): void {
  const { state } = tpm;
  const hashes = state.ram.launchHash;
  if (!hashes) return;
  state.ram.launchHash = null;
  const started = state.power === 'started';
  if (started) launchPcrs(tpm);
  else {
    launchPcr0(tpm);
    state.ram.launchMeasured = true;
  }
  for (const [id, hash] of hashes) extendPcr(tpm, started ? DRTM_PCR : HCRTM_PCR, id, finishHash(id, hash));
}
