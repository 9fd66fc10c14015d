import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { commandsOf } from '../../../src/tpm/command-table.ts';
import { commands, TPM_VERSIONS } from '../../../src/tpm/index.ts';
import { attributesOf } from '../../../src/tpm/record.ts';

const GENERATIONS = new URL('../../../fixtures/observed/generations/tpm/', import.meta.url);
const HEAD_BYTES = 19; // header, moreData, capability, count

/** GetCapability(COMMANDS), all of them, on the real TPM of this version. */
function observed(version: string): number[] {
  const lines = readFileSync(new URL(`20-generation-libtpms-${version}.jsonl`, GENERATIONS), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { case?: string; dir: string; hex: string });
  const answer = lines.find(line => line.case === 'commands' && line.dir === 'response')?.hex ?? '';
  return (answer.slice(HEAD_BYTES * 2).match(/.{8}/g) ?? []).map(word => Number.parseInt(word, 16));
}

describe('the commands of the embedded TPM are those of libtpms, with their attributes', () => {
  for (const { version, profile, behaviour } of TPM_VERSIONS) {
    const name = profile === undefined ? version : `${version}-${profile}`;
    it(name, () => {
      const shown = (words: readonly number[]) => words.map(word => word.toString(16));
      const ours = [...commandsOf(commands, behaviour.lacksCommands).values()].map(attributesOf);
      expect(shown(ours)).to.deep.equal(shown(observed(name)));
    });
  }
});
