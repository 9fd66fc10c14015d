import { fromHex, getU32 } from '../../bytes/index.ts';
import { hasTpmHeader, rcOf, sizeOf, tagOf } from '../../spec/index.ts';
import type { Say } from './backend.ts';

const TPM2_READ_CLOCK = fromHex('80010000000a00000181');
const TPM12_GET_TICKS = fromHex('00c10000000a000000f1');
const TPM2_BUFFER_SIZES = fromHex('8001000000160000017a000000060000011e00000002');
const TPM12_BUFFER_SIZE = fromHex('00c10000001600000065000000050000000400000124');
const TAG_2_0 = 0x8001;
const TAG_1_2 = 0x00c4;
const ASSUMED = 4096;
const SIZES_AT = 19;

/** One command with QEMU waiting for it; null: no answer that could be one. */
export type Transact = (command: Uint8Array) => Promise<Uint8Array | null>;

const wellFormed = (answer: Uint8Array | null): answer is Uint8Array =>
  answer !== null && hasTpmHeader(answer) && sizeOf(answer) === answer.length;

/** Which TPM it is: any well-formed answer with the tag of that version counts, failures too. Null: no TPM. */
export async function probeVersion(transact: Transact): Promise<'1.2' | '2.0' | null> {
  const first = await transact(TPM2_READ_CLOCK);
  if (wellFormed(first) && tagOf(first) === TAG_2_0) return '2.0';
  const second = await transact(TPM12_GET_TICKS);
  return wellFormed(second) && tagOf(second) === TAG_1_2 ? '1.2' : null;
}

/** The larger of what the TPM takes and gives (QEMU backends/tpm/tpm_util.c, tpm_util_get_buffer_size). */
export async function probeBufferSize(transact: Transact, version: '1.2' | '2.0', say: Say): Promise<number> {
  const name = version === '2.0' ? 'TPM2_GetCapability' : 'TPM_GetCapability';
  const answer = await transact(version === '2.0' ? TPM2_BUFFER_SIZES : TPM12_BUFFER_SIZE);
  const wanted = version === '2.0' ? 35 : 18;
  if (!wellFormed(answer)) return ASSUMED;
  if (rcOf(answer) !== 0 || answer.length !== wanted) {
    say(`tpm_util: Got unexpected response to ${name}; errcode: 0x${rcOf(answer).toString(16)}`);
    return ASSUMED;
  }
  return version === '2.0' ? Math.max(getU32(answer, SIZES_AT + 4), getU32(answer, SIZES_AT + 12)) : getU32(answer, 14);
}
