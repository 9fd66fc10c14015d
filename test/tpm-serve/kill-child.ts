import { writeSync } from 'node:fs';
import { Clock, Random } from '../../src/sim/index.ts';
import { Tpm } from '../../src/tpm/index.ts';
import { StateDir } from '../../src/tpm-serve/index.ts';
import {
  COUNTER,
  createPrimary,
  defineCounter,
  defineData,
  evict,
  increment,
  PERSISTENT,
  rcOf,
  read,
  readPublic,
  readValue,
  STARTUP,
  write,
} from './commands.ts';

// Counts up in NV memory, with a persistent object at odd counts, until it is killed; tells each count that the TPM acknowledged.
const [folder = '', seed = ''] = process.argv.slice(2);
const state = await StateDir.open(folder);
const tpm = new Tpm({ random: new Random(seed), clock: new Clock(), nvram: state });
for (const command of [STARTUP, defineCounter, defineData, increment]) tpm.execute(command);
const must = (command: Uint8Array): void => {
  const rc = rcOf(tpm.execute(command));
  if (rc !== 0) throw new Error(`0x${rc.toString(16)} for ${Buffer.from(command).toString('hex')}`);
};
must(createPrimary);
for (;;) {
  must(increment);
  const count = readValue(tpm.execute(read(COUNTER)));
  must(write(count));
  const there = rcOf(tpm.execute(readPublic(PERSISTENT))) === 0;
  if (there !== (count % 2n === 1n)) must(evict(there ? PERSISTENT : '80000000'));
  writeSync(1, `${count}\n`);
}
