import { expect } from 'chai';
import { svmSim, svmSimWith } from './stand-in-io.ts';

const SCENARIO = 'fixtures/scenarios/disks/argon2id-ext4.yaml';

describe('svm-sim run, while a key slot is worked on', () => {
  it('tells a terminal the cost and how long it took', async () => {
    const { status, out } = await svmSimWith({ columns: 120 }, 'run', SCENARIO);
    expect(status).to.equal(0);
    expect(out).to.match(/\nkey slot 0: argon2id, 4 passes over 4 MiB, 2 lanes: opened after \d+\.\d s of real time\n/);
  });

  it('tells nobody else: what is written is the same in every run', async () => {
    const [one, again] = [await svmSim('run', SCENARIO), await svmSim('run', SCENARIO)];
    expect(one.out).to.equal(again.out).and.not.contain('real time');
    expect((await svmSimWith({ columns: 120 }, 'run', SCENARIO, '--json')).out).to.not.contain('real time');
  });
});
