import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { isTpmrmRecording, type RecordedCase, type Recording } from '../../src/conform/kinds/tpmrm/case-recording.ts';
import { playScripted } from '../../src/conform/kinds/tpmrm/play-case.ts';

const recording: unknown = JSON.parse(readFileSync(new URL('../../fixtures/observed/tpmrm.json', import.meta.url), 'utf8'));

describe('/dev/tpmrm0 and /dev/tpm0 do what the recorded Linux did, byte for byte', () => {
  it('the recording is recognised, and is whole', () => {
    expect(isTpmrmRecording(recording)).to.equal(true);
    expect((recording as Recording).cases).to.have.length(85);
  });

  for (const recorded of (recording as Recording).cases) {
    it(`${recorded.name}: ${recorded.about}`, async () => {
      expect((await playScripted(recorded)).differences).to.deep.equal([]);
    });
  }
});

describe('the player of the recording notices', () => {
  const plain = (recording as Recording).cases.find(({ name }) => name === 'session_bad_handle') as RecordedCase;
  const fieldsAfter = async (change: (copy: RecordedCase) => void) => {
    const copy = structuredClone(plain);
    change(copy);
    return (await playScripted(copy)).differences.map(({ field }) => field.replace(/\d+/, 'N'));
  };
  type Mutable = { -readonly [K in keyof RecordedCase['steps'][number]]: RecordedCase['steps'][number][K] };
  const step = (copy: RecordedCase, which: (step: Mutable) => unknown) => copy.steps.find(step => which(step as Mutable)) as Mutable;

  it('another result', async () => {
    const fields = await fieldsAfter(copy => {
      step(copy, ({ expect }) => expect?.errno === 'EINVAL').expect = { errno: 'EIO' };
    });
    expect(fields).to.deep.equal(['steps[N] write A result']);
  });

  it('another request to the TPM, one too few, one too many', async () => {
    const other = await fieldsAfter(copy => {
      step(copy, ({ tpm }) => (tpm?.length ?? 0) > 3).tpm = [['80010000000a00000000', '80010000000a00000000']];
    });
    expect(other).to.include('steps[N].tpm request').and.to.include('steps[N].tpm');
  });

  it('another line in the log', async () => {
    const fields = await fieldsAfter(copy => {
      step(copy, ({ kernelLog }) => kernelLog).kernelLog = [];
    });
    expect(fields).to.deep.equal(['steps[N].kernelLog']);
  });
});
