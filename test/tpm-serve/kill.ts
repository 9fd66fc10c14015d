import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Clock, Random } from '../../src/sim/index.ts';
import { Tpm } from '../../src/tpm/index.ts';
import { StateDir } from '../../src/tpm-serve/index.ts';
import { COUNTER, DATA, PERSISTENT, rcOf, read, readPublic, readValue, STARTUP } from './commands.ts';

const CHILD = fileURLToPath(new URL('./kill-child.ts', import.meta.url));

/** Lets a child count in the folder, kills it after `acknowledged` counts and a moment; the last count it told. */
async function countUntilKilled(folder: string, acknowledged: number, seed: string): Promise<bigint> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, folder, seed], { stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  let complaint = '';
  child.stderr.on('data', chunk => {
    complaint += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', chunk => {
      told += chunk;
      // At any moment: what the child does between two lines takes as long as the lines come apart.
      if (told.split('\n').length > acknowledged) setTimeout(() => child.kill('SIGKILL'), acknowledged % 3);
    });
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  const whole = told.slice(0, told.lastIndexOf('\n')).split('\n');
  expect(whole.length, complaint).to.be.at.least(acknowledged);
  return BigInt(whole.at(-1) ?? 0);
}

/** Kills a counting child again and again; after each kill what was told must be there, and no more than one step beyond. */
export async function surviveKills(folder: string, rounds: number, seed: string): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const told = await countUntilKilled(folder, 5 + ((round * 7) % 23), `${seed} ${round}`);
    const state = await StateDir.open(folder);
    try {
      const tpm = state.reading(() => new Tpm({ random: new Random(round), clock: new Clock(), nvram: state }));
      tpm.execute(STARTUP);
      const [count, written] = [readValue(tpm.execute(read(COUNTER))), readValue(tpm.execute(read(DATA)))];
      expect(count - told, `round ${round}: the counter`).to.be.oneOf([0n, 1n]);
      expect(written - told, `round ${round}: the data`).to.be.oneOf([0n, 1n]);
      expect(count - written, `round ${round}: the data never runs ahead`).to.be.oneOf([0n, 1n]);
      const there = rcOf(tpm.execute(readPublic(PERSISTENT))) === 0;
      // Between the count in the data and the object's change there may be a moment.
      if (written === told) expect(there, `round ${round}: the persistent object`).to.equal(told % 2n === 1n);
    } finally {
      await state.close();
    }
  }
}
