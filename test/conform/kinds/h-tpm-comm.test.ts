import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { type Difference, formatResult, runConform } from '../../../src/conform/index.ts';
import { SimulatorError } from '../../../src/sim/index.ts';
import { type Changeable, H_TPM_COMM_FILE, oneVector, withFiles } from '../recordings.ts';

describe('H_TPM_COMM answers as the recorded QEMU did', () => {
  const { vectors } = JSON.parse(readFileSync(H_TPM_COMM_FILE, 'utf8'));

  it('in all vectors', () => expect(vectors).to.have.length(87));

  for (const { name, about } of vectors) {
    it(`${name}: ${about}`, async () => {
      const { results } = await runConform([H_TPM_COMM_FILE], { filter: new RegExp(` ${name}$`) });
      expect(results.map(({ differences }) => differences)).to.deep.equal([[]]);
    });
  }
});

describe('the player of H_TPM_COMM notices', () => {
  /** What differs when a vector is changed so. */
  async function differencesOf(name: string, change: (step: Changeable, vector: Changeable) => void): Promise<readonly Difference[]> {
    const recording = oneVector(name);
    change(recording.vectors[0].steps[0], recording.vectors[0]);
    return withFiles({ 'changed.json': recording }, async directory => {
      const { results, failed } = await runConform([directory]);
      expect(failed).to.equal(1);
      return results[0]?.differences ?? [];
    });
  }
  const one = (field: string, expected: string, actual: string): readonly Difference[] => [{ field, expected, actual }];

  it('another result, by name and number', async () => {
    const differences = await differencesOf('insize-4097', ({ expected }) => {
      expected.r3 = '-58';
    });
    expect(differences).to.deep.equal(one('steps[0].r3', 'H_P5 (-58)', 'H_P3 (-56)'));
  });

  it('another r4', async () => {
    const differences = await differencesOf('insize-4097', ({ expected }) => {
      expected.r4 = '0x2';
    });
    expect(differences).to.deep.equal(one('steps[0].r4', '0x2', '0x1'));
  });

  it('a register that should have changed', async () => {
    const differences = await differencesOf('insize-4097', ({ expected }) => {
      expected.registersChanged = { r5: '0x7' };
    });
    expect(differences).to.deep.equal(one('steps[0].registersChanged', 'r5=0x7', 'none'));
  });

  it('another answer in memory', async () => {
    const differences = await differencesOf('outsize-4096', ({ expected }) => {
      expected.memory[0].hex = expected.memory[0].hex.replace('0102', '0103');
    });
    const [difference] = differences;
    expect(difference?.field).to.equal('steps[0].memory[0] at 0x500000');
    expect(difference?.actual).to.equal('8001000000140000000000080102030405060708');
  });

  it('memory that should have stayed', async () => {
    const differences = await differencesOf('outsize-4096', ({ expected }) => {
      expected.unchanged.push({ addr: '0x500000', len: 2 });
    });
    expect(differences).to.deep.equal(one('steps[0].unchanged[2] at 0x500000', 'a5a5', '8001'));
  });

  it('another message', async () => {
    const differences = await differencesOf('insize-4097', step => {
      step.messages = ['invalid size'];
    });
    expect(differences).to.deep.equal(one('steps[0].messages', 'invalid size', 'invalid TPM input buffer size: 4097'));
  });

  it('other bytes to the device', async () => {
    const differences = await differencesOf('write-short', ({ deviceEvents }) => {
      deviceEvents[1].count = 11;
      deviceEvents[2].data = '0000017b0008ff';
    });
    expect(differences).to.deep.equal([
      { field: 'steps[0].deviceEvents[1].count', expected: '11', actual: '12' },
      { field: 'steps[0].deviceEvents[2].data', expected: '0000017b0008ff', actual: '80010000000c00' },
    ]);
  });

  it('a call too many, and one that is not made', async () => {
    const missing = await differencesOf('close-without-session', ({ deviceEvents }) => {
      deviceEvents.push({ call: 'close', result: 0 });
    });
    expect(missing).to.deep.equal(one('steps[0].deviceEvents[0]', 'close()', 'not made'));
    const [tooMany] = await differencesOf('outsize-4096', step => {
      step.deviceEvents.shift();
    });
    expect(tooMany).to.deep.equal(one('steps[0].deviceEvents[0]', 'write(12 bytes, 80010000000c0000017b0008)', 'open(/dev/tpmrm0)')[0]);
  });

  it('another path', async () => {
    const differences = await differencesOf('outsize-4096', (_, vector) => {
      vector.hostPath = '/dev/tpm0';
    });
    expect(differences).to.deep.equal(one('steps[0].deviceEvents[0].path', '/dev/tpmrm0', '/dev/tpm0'));
  });

  it('another outcome, another way of never returning', async () => {
    const returns = await differencesOf('read-blocks', ({ expected }) => {
      expected.outcome = 'returns';
    });
    expect(returns).to.deep.equal(one('steps[0].outcome', 'returns', 'never returns'));
    const how = await differencesOf('read-blocks', ({ expected }) => {
      expected.how = 'loops for ever';
      expected.monitorAnswers = true;
    });
    expect(how).to.deep.equal([
      { field: 'steps[0].how', expected: 'loops for ever', actual: 'blocked in read()' },
      { field: 'steps[0].monitorAnswers', expected: 'true', actual: 'false' },
    ]);
    const signal = await differencesOf('outsize-4097', ({ expected }) => {
      expected.signal = 'SIGSEGV';
    });
    expect(signal).to.deep.equal(one('steps[0].signal', 'SIGSEGV', 'SIGABRT'));
  });

  it('a close that quit or unplug should have made', async () => {
    const differences = await differencesOf('quit-open-session', (_, { steps }) => {
      steps[1].deviceEvents.push({ call: 'close', result: 0 });
    });
    expect(differences).to.deep.equal(one('steps[1].deviceEvents[0]', 'close()', 'not made'));
  });

  it('an action that it does not know', async () => {
    const differences = await differencesOf('quit-open-session', (_, { steps }) => {
      steps[1].action = 'migrate';
    });
    expect(differences).to.deep.equal(one('steps[1].action', 'migrate', 'not known here'));
  });

  it('the size of RAM that the recording names', async () => {
    const recording = oneVector('in-end-of-ram');
    recording.machine = recording.machine.replace('-m 512', '-m 256');
    await withFiles({ 'smaller.json': recording }, async directory => {
      const { results, failed } = await runConform([directory]);
      expect(failed).to.equal(1);
      expect(formatResult(results[0] as Changeable)).to.contain('112233445566');
    });
  });

  it("registers that a step leaves to the recording's defaults", async () => {
    const recording = oneVector('outsize-4096');
    recording.vectors[0].steps[0].args.length = 5;
    await withFiles({ 'defaults.json': recording }, async directory => expect((await runConform([directory])).passed).to.equal(1));
  });
});

describe('a recording that is not as its format wants it', () => {
  const refused = [
    ['a register', (step: Changeable) => step.args.splice(1, 1, '0xzz'), 'vectors[0].steps[0].args[1]', 'no register value'],
    [
      'bytes',
      (step: Changeable) => step.guestMemory.push({ addr: '0x0', hex: 'abc' }),
      'vectors[0].steps[0].guestMemory[2].hex',
      'odd number',
    ],
    [
      'an outcome',
      (step: Changeable) => Object.assign(step.expected, { outcome: 'explodes' }),
      'vectors[0].steps[0].expected.outcome',
      'returns',
    ],
  ] as const;
  for (const [what, change, where, message] of refused) {
    it(`is refused with the place: ${what}`, async () => {
      const recording = oneVector('insize-4097');
      change(recording.vectors[0].steps[0]);
      await withFiles({ 'r.json': recording }, async directory => {
        const error = await runConform([directory]).catch(caught => caught);
        expect(error).to.be.instanceOf(SimulatorError);
        expect(error.where).to.equal(`${directory}/r.json: ${where}`);
        expect(error.what).to.contain(message);
      });
    });
  }
});
