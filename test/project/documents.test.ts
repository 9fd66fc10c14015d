import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { generated } from '../../scripts/generated.ts';
import { excerptOf } from '../../scripts/how-to.ts';
import { houseFrom, importGraph, ROOT } from '../../scripts/layers.ts';
import { runCli } from '../../src/cli/program.ts';
import { lessons } from '../../src/learn/index.ts';
import { actions } from '../../src/scenario/adversary/actions/index.ts';
import { stepKinds } from '../../src/scenario/index.ts';

const text = (path: string): string => generated.find(one => one.path === path)?.text() ?? '';

describe('the documents', () => {
  it('of scenarios has every kind of step and every action of the adversary', () => {
    const page = text('docs/scenarios.md');
    for (const name of [...stepKinds.keys(), ...actions.keys()]) expect(page).to.match(new RegExp(`^### ${name}$`, 'm'));
    expect(page).not.to.match(/undefined|\[object/);
  });

  it('of the architecture has a picture of the real imports', () => {
    const page = text('docs/architecture.md');
    const house = houseFrom(page);
    const graph = importGraph(ROOT, house);
    expect(graph.get('scenario')).to.include('machine').and.not.include('trace');
    for (const room of house.rooms) expect(page).to.contain(`["${room}/"]`);
    expect(page).to.contain('cli --> learn').and.not.contain('scenario --> trace');
  });

  it('take their excerpts from the sources, and fail when one is gone', () => {
    expect(excerptOf('src/tpm/commands/16-random.ts', 'export const TPM2_GetRandom')).to.match(
      /^export const TPM2_GetRandom = command\(\{\n[\s\S]*\n\}\);$/,
    );
    expect(() => excerptOf('src/tpm/commands/16-random.ts', 'export const TPM2_Nothing')).to.throw('0 lines begin with');
    expect(() => excerptOf('src/tpm/commands/16-random.ts', 'export const')).to.throw('2 lines begin with');
  });

  it('of the teacher names commands and files that are there', async () => {
    const page = readFileSync(join(ROOT, 'docs/teaching.md'), 'utf8');
    const commands = [...page.matchAll(/^ {4}.*npx svm-sim (.+)$/gm)].map(([, words = '']) => words.split(' '));
    expect(commands.length).to.be.greaterThan(8);
    for (const words of commands) {
      for (const word of words) if (word.includes('/') && !word.includes('mine')) expect(existsSync(join(ROOT, word)), word).to.equal(true);
      const said: string[] = [];
      const io = { out: (line: string) => said.push(line), err: (line: string) => said.push(line), colors: false, errColors: false };
      const status = await runCli([...words, '--help'], { ...io, columns: undefined, signal: new AbortController().signal });
      expect(status, words.join(' ')).to.equal(0);
      for (const option of words.filter(word => word.startsWith('--'))) expect(said.join(''), words.join(' ')).to.contain(option);
    }
    for (const [, name] of page.matchAll(/svm-sim learn ([a-z-]+)$/gm)) expect(lessons.map(lesson => lesson.name)).to.include(name);
  });
});
