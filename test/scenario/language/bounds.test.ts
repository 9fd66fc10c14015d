import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadScenario, loadScenarios, ScenarioError } from '../../../src/scenario/index.ts';
import { SimulatorError } from '../../../src/sim/index.ts';

/** First lines of a scenario; what follows them does not matter, nothing is read so far. */
const HEAD = 'version: 1\ntitle: t\n';

describe('What a scenario file may cost', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-bounds-'));
  after(() => rmSync(folder, { recursive: true }));

  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const problemsOf = async (file: string): Promise<readonly string[]> => {
    const error = await loadScenario(file).catch((caught: unknown) => caught);
    if (!(error instanceof ScenarioError)) throw new Error('the scenario was taken, or failed otherwise', { cause: error });
    return error.problems.map(({ what }) => what);
  };

  it('includes: a file that includes itself, however often, is said at each place and read once', async () => {
    const file = write('self.yaml', `include: [${Array<string>(10).fill('self.yaml').join(', ')}]\n${HEAD}`);
    expect(await problemsOf(file)).to.deep.equal(Array<string>(10).fill('self.yaml includes itself'));
  });

  it('includes: two that include each other', async () => {
    write('b.yaml', 'include: a.yaml\n');
    expect(await problemsOf(write('a.yaml', `include: b.yaml\n${HEAD}`))).to.deep.equal(['a.yaml includes itself']);
  });

  it('includes: no more than 100 in all, however they are nested', async () => {
    for (let level = 0; level < 7; level++) {
      const below = Array<string>(6)
        .fill(`level-${level + 1}.yaml`)
        .join(', ');
      write(`level-${level}.yaml`, level === 6 ? 'title: x\n' : `include: [${below}]\n`);
    }
    expect(await problemsOf(write('many.yaml', `include: level-0.yaml\n${HEAD}`))).to.deep.equal([
      'more than 100 files are included in all',
    ]);
  });

  it('a matrix: its combinations are counted before they are made', async () => {
    const twenty = JSON.stringify(Array.from({ length: 20 }, (_, i) => i));
    const keys = Array.from({ length: 8 }, (_, i) => `  k${i}: ${twenty}`).join('\n');
    expect(await problemsOf(write('matrix.yaml', `${HEAD}matrix:\n${keys}\n`))).to.deep.equal([
      'the matrix has 25600000000 combinations, at most 1000 are run',
    ]);
    const long = JSON.stringify(Array.from({ length: 1001 }, (_, i) => i));
    const error = await loadScenarios(write('long.yaml', `${HEAD}matrix: { seed: ${long} }\n`)).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(ScenarioError);
  });

  it('files without an end are not opened: devices and pipes, as scenario, include or file of a guest', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const error = await loadScenario(pipe).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(SimulatorError);
    expect((error as SimulatorError).what).to.equal('this is a device, a pipe or a socket, not a file');
    for (const path of ['/dev/zero', pipe]) {
      expect(await problemsOf(write('include.yaml', `include: ${path}\n${HEAD}`))).to.deep.equal([
        `${path}: this is a device, a pipe or a socket, not a file`,
      ]);
      const guest = `guests: [{ name: vm, lpid: 1, memory: 512 MiB, kernel: ${path}, rtas: ${path}, initrd: ${path}, bootargs: { file: ${path} }, esm: { blob: ${path} } }]\nsteps: [{ do: boot }]\n`;
      expect(await problemsOf(write('guest.yaml', `${HEAD}${guest}`))).to.include(
        `${path}: this is a device, a pipe or a socket, not a file`,
      );
    }
  });
});
