import { expect } from 'chai';
import { Random, SimulatorError } from '../../../src/sim/index.ts';
import { makeBlobFromRecipe, parseRecipe } from '../../../src/svm/owner/index.ts';
import { caseNames, recorded, rejectionOf, thrownBy } from '../vectors.ts';

const ORIGIN = '- origin:\n    pubkey: o.pub\n    seckey: o.key\n';
const DIGEST = '- digest:\n    args: ro\n    initramfs: i\n    kernel: k\n';

describe('svm_blob.yml', () => {
  for (const name of caseNames) {
    it(`${name}: the real configuration is read`, () => {
      const { read, manifest } = recorded(name);
      const recipe = parseRecipe(Buffer.from(read('svm_blob.yml')).toString(), 'svm_blob.yml');
      expect(recipe.origin.seckey).to.equal('origin.key');
      expect(recipe.digest?.args).to.equal(Buffer.from(read(manifest.inputs.bootargs)).toString());
    });
  }

  it('takes a scalar as it is written: `on`, numbers and dates stay text', () => {
    const recipe = parseRecipe(`${ORIGIN}${DIGEST.replace('args: ro', 'args: 010')}- file:\n    path: on\n    name: 2024-01-01\n`, 'f');
    expect(recipe.digest?.args).to.equal('010');
    expect(recipe.files).to.deep.equal([{ path: 'on', name: '2024-01-01' }]);
  });

  const refusals: readonly {
    readonly about: string;
    readonly source: string;
    readonly code: string;
    readonly where: string;
    readonly hint?: RegExp;
  }[] = [
    { about: 'what is no YAML', source: '- origin: [\n', code: 'recipe.syntax', where: 'f.yml:2:1' },
    { about: 'an empty file', source: '', code: 'recipe.shape', where: 'f.yml:1:1' },
    { about: 'a map at the top', source: 'origin:\n  pubkey: x\n', code: 'recipe.shape', where: 'f.yml:1:1' },
    { about: 'an item with two keys', source: '- origin: {}\n  file: {}\n', code: 'recipe.shape', where: 'f.yml:1:3' },
    { about: 'an item that is text', source: `${ORIGIN}- origin\n`, code: 'recipe.shape', where: 'f.yml:4:3' },
    { about: 'a misspelt item', source: '- orgin:\n    pubkey: x\n', code: 'recipe.unknown-item', where: 'f.yml:1:3', hint: /"origin"/ },
    { about: 'a name from the prototype', source: '- constructor:\n    pubkey: x\n', code: 'recipe.unknown-item', where: 'f.yml:1:3' },
    { about: 'a misspelt key', source: '- origin:\n    pubkeys: x\n', code: 'recipe.unknown-key', where: 'f.yml:2:5', hint: /"pubkey"/ },
    {
      about: 'rename, which only the document knows',
      source: `${ORIGIN}- file:\n    path: x\n    rename: y\n`,
      code: 'recipe.unknown-key',
      where: 'f.yml:6:5',
      hint: /name/,
    },
    { about: 'a key that is missing', source: '- origin:\n    pubkey: x\n', code: 'recipe.missing', where: 'f.yml:2:5', hint: /seckey/ },
    { about: 'a list for text', source: '- origin:\n    pubkey: [x]\n    seckey: y\n', code: 'recipe.shape', where: 'f.yml:2:13' },
    { about: 'nothing for text', source: '- origin:\n    pubkey:\n    seckey: y\n', code: 'recipe.shape', where: 'f.yml:2:12' },
    { about: 'no origin', source: DIGEST, code: 'recipe.missing', where: 'f.yml:1:1' },
    { about: 'two origins', source: ORIGIN + ORIGIN, code: 'recipe.twice', where: 'f.yml:4:3' },
    { about: 'recipients without digest', source: `${ORIGIN}- recipient:\n    pubkey: x\n`, code: 'recipe.missing', where: 'f.yml:1:1' },
  ];
  for (const { about, source, code, where, hint } of refusals) {
    it(`refuses ${about} at ${where}`, () => {
      const error = thrownBy(() => parseRecipe(source, 'f.yml')) as SimulatorError;
      expect(error).to.be.instanceOf(SimulatorError).and.to.include({ code, where });
      if (hint) expect(error.hint).to.match(hint);
    });
  }

  it('a file that is not there is named as in the recipe', async () => {
    const { folder } = recorded('01-minimal');
    const recipe = parseRecipe(`${ORIGIN.replace('o.key', 'origin.key').replace('o.pub', 'lost.pub')}`, 'f');
    expect(await rejectionOf(makeBlobFromRecipe(recipe, folder, new Random(1)))).to.include({ code: 'file.unreadable', where: 'lost.pub' });
  });

  it('an origin whose halves do not belong together is refused', async () => {
    const { folder } = recorded('01-minimal');
    const recipe = parseRecipe(`${ORIGIN.replace('o.key', 'origin.key').replace('o.pub', 'tpm1.pub.pem')}`, 'f');
    expect(await rejectionOf(makeBlobFromRecipe(recipe, folder, new Random(1)))).to.include({ code: 'recipe.origin-pair' });
  });
});
