import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { commands } from '../../../src/tpm/index.ts';
import { attributesOf } from '../../../src/tpm/record.ts';

const FILE = new URL('../../../fixtures/observed/tpm/07-getcapability.jsonl', import.meta.url);
/** GetCapability(COMMANDS) from the first on, 300 of them. */
const ALL_COMMANDS = '8001000000160000017a00000002000000000000012c';
const HEAD_BYTES = 19; // header, moreData, capability, count

function observed(): number[] {
  const lines = readFileSync(FILE, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { hex: string });
  const answer = lines[lines.findIndex(({ hex }) => hex === ALL_COMMANDS) + 1]?.hex ?? '';
  return (answer.slice(HEAD_BYTES * 2).match(/.{8}/g) ?? []).map(word => Number.parseInt(word, 16));
}

describe('the commands of the embedded TPM', () => {
  it('are those of swtpm, and no others', () => {
    expect([...commands.keys()]).to.deep.equal(observed().map(word => word & 0xffff));
  });

  it('have the attributes that swtpm tells', () => {
    const shown = (words: readonly number[]) => words.map(word => word.toString(16));
    expect(shown([...commands.values()].map(attributesOf))).to.deep.equal(shown(observed()));
  });
});
