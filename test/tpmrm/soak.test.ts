import { expect } from 'chai';
import { fromHex } from '../../src/bytes/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { Tpm } from '../../src/tpm/index.ts';
import { BackendError, embeddedBackend, SWAPPING } from '../../src/tpmrm/index.ts';
import { EXPECTED, type Mortal, soak, sum } from './soak.ts';

const STARTUP = fromHex('80010000000c000001440000');

function mortalTpm(): Mortal {
  const tpm = new Tpm({ random: new Random('mortal'), clock: new Clock() });
  tpm.execute(STARTUP);
  const alive = embeddedBackend(tpm);
  let dead = false;
  return {
    backend: {
      ...alive,
      async transmit(command) {
        if (dead) throw new BackendError('dead', 'killed');
        return alive.transmit(command);
      },
    },
    kill() {
      dead = true;
    },
    async revive() {
      for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve)); // the others notice that it is dead
      tpm.reset();
      tpm.execute(STARTUP);
      dead = false;
    },
  };
}

describe('many programs on one TPM that dies now and then', () => {
  for (const swapping of SWAPPING)
    it(`no answer is lost or another’s, and nothing is left (${swapping}; the long one: npm run soak)`, async function () {
      this.timeout(60_000);
      const { answered, wrong, failed, spacesLeft } = await soak(mortalTpm(), { spaces: 20, commands: 1_000, kills: 4, seed: 7, swapping });
      expect(wrong).to.deep.equal([]);
      expect(answered).to.be.greaterThan(700);
      expect(answered + sum(failed), 'each command came to something').to.equal(1_000);
      expect([...failed.keys()].filter(errno => !EXPECTED.has(errno))).to.deep.equal([]);
      expect(sum(failed), 'somebody notices that it died').to.be.greaterThan(0);
      expect(spacesLeft).to.equal(0);
    });
});
