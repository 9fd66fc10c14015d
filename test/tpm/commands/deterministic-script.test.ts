import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { fromHex, toHex } from '../../../src/bytes/index.ts';
import { startedTpm } from './tpm.ts';

interface Line {
  readonly seq: number;
  readonly dir: 'command' | 'response' | 'meta';
  readonly name: string;
  readonly hex: string;
  readonly mask?: readonly (readonly [offset: number, length: number])[];
}

const SCRIPT = new URL('../../../fixtures/observed/tpm/08-deterministic-script.jsonl', import.meta.url);
const lines = readFileSync(SCRIPT, 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as Line);

/** What differs from TPM to TPM (nonces, the PCR counter) as question marks. */
function masked(hex: string, mask: Line['mask'] = []): string {
  let text = hex;
  for (const [offset, length] of mask) text = text.slice(0, offset * 2) + '?'.repeat(length * 2) + text.slice((offset + length) * 2);
  return text;
}

describe('the commands without chance answer with the bytes of swtpm', () => {
  const tpm = startedTpm();
  let command: Line | undefined;
  for (const line of lines) {
    if (line.dir === 'command') command = line;
    if (line.dir !== 'response' || !command) continue;
    const { hex } = command;
    it(`${line.seq}: ${line.name}`, () => {
      expect(masked(toHex(tpm.execute(fromHex(hex))), line.mask)).to.equal(masked(line.hex, line.mask));
    });
  }
});
