import { expect } from 'chai';
import { toHex } from '../../src/bytes/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { ServedTpm } from '../../src/tpm-serve/index.ts';
import { extendPcr, GET_RANDOM, rcOf, readPcr, STARTUP } from './commands.ts';

const TPM_RC_LOCALITY = 0x907;
const served = (): ServedTpm => new ServedTpm({ random: new Random('served'), clock: new Clock(), nowNs: () => 0n });
const extended = (tpm: ServedTpm, pcr: number, localities: readonly number[]): readonly number[] =>
  localities.map(locality => rcOf(tpm.execute(0, extendPcr(pcr), locality)));

describe('the TPM that is served', () => {
  it('takes localities 5 to 31, which there are not, for 0', async () => {
    const tpm = served();
    // PCR 17 is extended from localities 2, 3 and 4, PCR 5 from each that there is (PC Client Platform TPM Profile, PCR attributes).
    expect(extended(tpm, 17, [0, 4, 5, 16, 31])).to.deep.equal([TPM_RC_LOCALITY, 0, ...Array(3).fill(TPM_RC_LOCALITY)]);
    expect(extended(tpm, 5, [0, 4, 5, 16, 31, 32])).to.deep.equal([0, 0, 0, 0, 0, TPM_RC_LOCALITY]);
    await tpm.close();
  });

  describe('at INIT', () => {
    const pcr = (tpm: ServedTpm): string => toHex(tpm.execute(0, readPcr(5)));

    it('takes volatile state that was set up once only', async () => {
      const tpm = served();
      tpm.execute(0, extendPcr(5));
      const before = pcr(tpm);
      const [permanent, volatile] = [tpm.stateOf('permanent'), tpm.stateOf('volatile')];
      tpm.powerOff();
      tpm.setState('permanent', permanent);
      tpm.setState('volatile', volatile);
      tpm.init({ forget: false });
      expect(pcr(tpm), 'it goes on where it was').to.equal(before);
      tpm.init({ forget: false });
      expect(rcOf(tpm.execute(0, GET_RANDOM)), 'it is not started').to.equal(0x100);
      await tpm.close();
    });

    it('has no use for stored volatile state once another permanent state was set', async () => {
      const tpm = served();
      const permanent = tpm.stateOf('permanent');
      tpm.storeVolatile();
      tpm.setState('permanent', permanent);
      for (const when of ['with it', 'afterwards']) {
        tpm.init({ forget: false });
        expect(rcOf(tpm.execute(0, GET_RANDOM)), `not started ${when}`).to.equal(0x100);
      }
      expect(rcOf(tpm.execute(0, STARTUP))).to.equal(0);
      await tpm.close();
    });
  });
});
