import { getU32, hex } from '../bytes/index.ts';
import { codeOf, hasTpmHeader, TPM_HEADER_BYTES } from '../spec/index.ts';
import { commands } from './command-table.ts';
import type { HandleUse } from './record.ts';
import { handleType, TPM_HT, TPM_RH } from './wire/index.ts';

/** Handle types whose authorization values a TPM may guard against trying (Part 1 §19.8). */
const GUARDED: ReadonlySet<number> = new Set([TPM_HT.NV_INDEX, TPM_HT.PERSISTENT]);

/**
 * Why this command may leave a TPM other than it was after all sessions and transient objects are gone; null: it does not. Read from the
 * commands' records: what may write NV memory (TPMA_CC.nv), and what presents an authorization value to something lasting, since a wrong
 * one counts against the dictionary attack lockout. Of a command that is not known here nobody can tell.
 */
export function lastingChange(bytes: Uint8Array): string | null {
  if (!hasTpmHeader(bytes)) return null; // the TPM itself refuses it
  const code = codeOf(bytes);
  const command = commands.get(code);
  if (!command) return `command ${hex(code)} is not known here`;
  if (command.nv) return `${command.name} may write its non-volatile memory`;
  let at = TPM_HEADER_BYTES;
  for (const use of Object.values<HandleUse>(command.handles)) {
    if (at + 4 > bytes.length) break;
    const handle = getU32(bytes, at);
    at += 4;
    const guarded = GUARDED.has(handleType(handle)) || handle === TPM_RH.LOCKOUT;
    if (use.auth !== undefined && guarded) return `${command.name} with a wrong value counts against its dictionary attack lockout`;
  }
  return null;
}
