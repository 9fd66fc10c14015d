import { expect } from 'chai';
import { fromHex } from '../../src/bytes/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { ServedTpm, SWTPM_VERSIONS } from '../../src/tpm-serve/index.ts';
import { rcOf, STARTUP } from './commands.ts';

const STARTUP_STATE = fromHex('80010000000c000001440001');
/** TPM2_Startup(STATE) where no state was saved: TPM_RC_VALUE, parameter 1. */
const NOTHING_SAVED = 0x1c4;

describe('INIT without TPM2_Shutdown, by version of swtpm', () => {
  for (const { version, behaviour } of SWTPM_VERSIONS) {
    it(`${version}: ${behaviour.automaticShutdown}`, async () => {
      const tpm = new ServedTpm({ random: new Random('served'), clock: new Clock(), nowNs: () => 0n, swtpm: behaviour });
      tpm.init({ forget: false });
      expect(rcOf(tpm.execute(0, STARTUP))).to.equal(0);
      tpm.init({ forget: false });
      const saved = behaviour.automaticShutdown !== 'none';
      expect(rcOf(tpm.execute(0, STARTUP_STATE))).to.equal(saved ? 0 : NOTHING_SAVED);
      await tpm.close();
    });
  }
});
