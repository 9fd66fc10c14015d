import { expect } from 'chai';
import { PROGRAM_NAMES, PROGRAMS } from '../../src/machine/index.ts';
import { svmSim } from './stand-in-io.ts';

const json = async (...argv: readonly string[]): Promise<unknown> => JSON.parse((await svmSim(...argv, '--json')).out);

describe('svm-sim generations', () => {
  it('lists them with the version of every program', async () => {
    const { status, out } = await svmSim('generations');
    expect(status).to.equal(0);
    for (const word of ['debian12', 'debian13', 'sid', ...PROGRAM_NAMES]) expect(out).to.contain(word);
  });

  it('diff: every named difference, with source and what shows it', async () => {
    const { out } = await svmSim('generations', 'diff', 'debian12', 'sid,profile=default-v1');
    for (const program of PROGRAM_NAMES) {
      for (const { name, source, shownBy } of PROGRAMS[program].at(-1)?.differences ?? []) {
        expect(out).to.contain(`${name}: `);
        expect(out).to.contain(`source: ${source}`);
        expect(out).to.contain(`shown by: ${shownBy}`);
      }
    }
  });

  it('diff backwards names what is no longer so; of one with itself nothing differs', async () => {
    expect((await svmSim('generations', 'diff', 'sid', 'debian12')).out).to.contain('no-retry (no longer)');
    const same = (await json('generations', 'diff', 'sid', 'sid')) as { added: unknown[]; dropped: unknown[] }[];
    expect(same.flatMap(({ added, dropped }) => [...added, ...dropped])).to.deep.equal([]);
  });

  it('refuses what it does not know, with what there is', async () => {
    const { status, err } = await svmSim('generations', 'diff', 'debain12', 'sid');
    expect(status).to.equal(2);
    expect(err).to.contain('there is no generation "debain12"').and.to.contain('debian12');
    expect((await svmSim('generations', 'diff', 'libtpms=0.9.2,profile=null', 'sid')).err).to.contain('has no profiles');
  });
});
