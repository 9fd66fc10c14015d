import { expect } from 'chai';
import { SWAPPING, SwtpmProcess } from '../../src/tpmrm/index.ts';
import { EXPECTED, soak, sum } from './soak.ts';

const commands = Number(process.env.SVM_SIM_COMMANDS ?? 100_000);

describe('soak: 200 spaces on a real swtpm that is killed and restarted 20 times', () => {
  for (const swapping of SWAPPING)
    it(`${commands} commands: no answer is lost or another's, memory is flat (${swapping})`, async () => {
      const swtpm = await SwtpmProcess.start({ startup: 'clear' });
      const mortal = {
        backend: swtpm,
        kill: () => void process.kill(swtpm.pid as number, 'SIGKILL'),
        revive: () => swtpm.reset(),
      };
      try {
        const { answered, wrong, failed, heap, spacesLeft } = await soak(mortal, { spaces: 200, commands, kills: 20, seed: 1, swapping });
        console.log(`    ${answered} answers; ${[...failed].map(([errno, count]) => `${count} ${errno}`).join(', ')}`);
        console.log(`    heap ${heap.map(bytes => `${(bytes / 1e6).toFixed(1)} MB`).join(' → ')}`);
        expect(wrong).to.deep.equal([]);
        expect(answered + sum(failed), 'each command came to something').to.equal(commands);
        expect(answered).to.be.greaterThan(commands * 0.6);
        expect([...failed.keys()].filter(errno => !EXPECTED.has(errno))).to.deep.equal([]);
        expect(spacesLeft).to.equal(0);
        expect(heap[1], 'heap at the end, against after a quarter').to.be.lessThan(heap[0] * 1.5 + 10e6);
      } finally {
        await swtpm.close();
      }
    });
});
