import { concat, encode, getU32, hex, UINT32 } from '../../bytes/index.ts';
import type { PromptChannel, Taken, Wanting } from '../../protocols/index.ts';
import { MSSIM } from '../../protocols/index.ts';
import { hasTpmHeader, sizeOf, TPM_HEADER_BYTES } from '../../spec/index.ts';
import type { ServedTpm } from '../served-tpm.ts';
import { beginsRequest } from './wrong-client.ts';

/** TPM_PT_MAX_COMMAND_SIZE. */
export const LARGEST_COMMAND = 4096;
const PREFIX_BYTES = 9;

/**
 * swtpm's data channel: commands and responses as they are, or a command behind a header of the simulator's protocol that tells
 * its locality (swtpm src/swtpm/tpmlib.c, TPM2_SendCommandHeader).
 */
export function dataChannel(tpm: ServedTpm, client: number): PromptChannel {
  let told = false;
  const execute = (command: Uint8Array, locality?: number) => tpm.execute(client, command, locality);
  return {
    take(received) {
      if (received.length >= 4 && getU32(received, 0) === MSSIM.SEND_COMMAND.code) return prefixed(received, execute);
      if (!told && beginsRequest(received)) {
        told = true;
        tpm.say(
          `data: ${hex(getU32(received, 0), 8)} begins no TPM command: requests of swtpm's control channel go to the control port, and a client of the simulator's protocol needs --protocol mssim`,
        );
      }
      if (!hasTpmHeader(received)) return { wants: TPM_HEADER_BYTES };
      const size = sizeOf(received);
      // The TPM says what is wrong with it, as swtpm's does. Where the next command would begin nobody can tell.
      if (size < TPM_HEADER_BYTES || size > LARGEST_COMMAND)
        return { used: received.length, answer: execute(received.slice()), end: `it sent a command that says it has ${size} bytes` };
      return received.length < size ? { wants: size } : { used: size, answer: execute(received.slice(0, size)) };
    },
  };
}

function prefixed(received: Uint8Array, execute: (command: Uint8Array, locality: number) => Uint8Array): Taken | Wanting {
  if (received.length < PREFIX_BYTES) return { wants: PREFIX_BYTES };
  const locality = received[4] ?? 0;
  const length = getU32(received, 5);
  if (length > LARGEST_COMMAND) return { used: received.length, end: `it announced a command of ${length} bytes` };
  if (received.length < PREFIX_BYTES + length) return { wants: PREFIX_BYTES + length };
  const response = execute(received.slice(PREFIX_BYTES, PREFIX_BYTES + length), locality);
  const answer = concat(encode(UINT32, response.length), response, encode(UINT32, 0));
  return { used: PREFIX_BYTES + length, answer };
}
