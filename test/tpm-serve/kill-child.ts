import { writeSync } from 'node:fs';
import { Clock, Random } from '../../src/sim/index.ts';
import { Tpm } from '../../src/tpm/index.ts';
import { StateDir } from '../../src/tpm-serve/index.ts';
import { COUNTER, defineCounter, defineData, increment, rcOf, read, readValue, STARTUP, write } from './commands.ts';

// Counts up in NV memory until it is killed, and tells each count that the TPM acknowledged.
const [folder = '', seed = ''] = process.argv.slice(2);
const state = await StateDir.open(folder);
const tpm = new Tpm({ random: new Random(seed), clock: new Clock(), nvram: state });
for (const command of [STARTUP, defineCounter, defineData, increment]) tpm.execute(command);
for (;;) {
  if (rcOf(tpm.execute(increment)) !== 0) throw new Error('the counter cannot be incremented');
  const count = readValue(tpm.execute(read(COUNTER)));
  if (rcOf(tpm.execute(write(count))) !== 0) throw new Error('the count cannot be written');
  writeSync(1, `${count}\n`);
}
