import { getU32 } from '../bytes/index.ts';
import { rcOf, TPM_HEADER_BYTES } from '../spec/index.ts';
import { TPM_CAP, TPM_CC, TPM_PT, TPM_RC } from '../tpm/wire/index.ts';
import type { Driver } from './driver.ts';
import { Errno } from './errno.ts';

const FIRST_COMMAND = 0x11f; // TPM2_CC_FIRST
const LIST = TPM_HEADER_BYTES + 9;

/**
 * The TPMA_CC words of the TPM (Linux tpm2_auto_startup, tpm2_get_cc_attrs_tbl). Host firmware has started the TPM as a rule;
 * if it did not, the kernel does.
 */
export async function readCommandTable(driver: Driver): Promise<readonly number[]> {
  const total = () => driver.own(TPM_CC.GetCapability, [TPM_CAP.TPM_PROPERTIES, TPM_PT.TOTAL_COMMANDS, 1]);
  let response = await total();
  if (rcOf(response) === TPM_RC.INITIALIZE) {
    driver.warn('starting up the TPM manually');
    await driver.own(TPM_CC.Startup, new Uint8Array([0, 0])); // TPM_SU_CLEAR
    response = await total();
  }
  const count = listOf(response)[1];
  if (count === undefined) throw new Errno('ENODEV');
  const commands = listOf(await driver.own(TPM_CC.GetCapability, [TPM_CAP.COMMANDS, FIRST_COMMAND, count]));
  if (commands.length !== count) throw new Errno('EFAULT');
  return commands;
}

/** The 32-bit words of a capability list: TPMA_CCs, or pairs of property and value. */
function listOf(response: Uint8Array): readonly number[] {
  if (rcOf(response) !== TPM_RC.SUCCESS) throw new Errno('ENODEV');
  const words: number[] = [];
  for (let at = LIST; at + 4 <= response.length; at += 4) words.push(getU32(response, at));
  return words;
}
