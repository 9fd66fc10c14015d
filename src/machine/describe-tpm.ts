import { hex } from '../bytes/index.ts';
import { explainRc } from '../tpm/wire/response-codes.ts';
import { commands } from '../tpmx/table.ts';
/** Names for the TPM traffic in the record. */
export const describeTpm = {
  command: (code: number): string => commands.get(code)?.name ?? hex(code),
  response: (rc: number): string => explainRc(rc).text.replace(/ \(0x.*/, ''),
};
