import { hex } from '../bytes/index.ts';
import { commands } from './command-table.ts';
import { explainRc } from './wire/index.ts';

/** Names for the TPM traffic in the record. */
export const describeTpm = {
  command: (code: number): string => commands.get(code)?.name ?? hex(code),
  response(rc: number): string {
    const { name, blames } = explainRc(rc);
    return blames ? `${name}, ${blames}` : name;
  },
};
