import { fromHex } from '../src/bytes/index.ts';
import { BoardMachine } from '../src/machine/index.ts';
import { Clock, createWorld, Random } from '../src/sim/index.ts';
import { ServedTpm } from '../src/tpm-serve/index.ts';
import type { Bench } from './harness.ts';

const STARTUP = fromHex('80010000000c000001440000');
const GET_RANDOM = fromHex('80010000000c0000017b0020');

function bare(): () => void {
  const tpm = new ServedTpm({ random: new Random('bench'), clock: new Clock(), nowNs: () => 0n });
  return () => {
    tpm.execute(1, GET_RANDOM);
  };
}

async function through(machine: 'q35' | 'ast2600-evb', model: string): Promise<() => Promise<void>> {
  const board = await BoardMachine.start(createWorld('bench'), { name: model, machine, model });
  await board.transmit(STARTUP, 0);
  return async () => {
    await board.transmit(GET_RANDOM, 0);
  };
}

const [tis, crb, i2c] = await Promise.all([through('q35', 'tpm-tis'), through('q35', 'tpm-crb'), through('ast2600-evb', 'tpm-tis-i2c')]);

/** What a device and its driver add to a command. Over TIS each byte is an access of its own. */
export const benches: readonly Bench[] = [
  { name: 'TPM2_GetRandom of 32 bytes, the TPM alone', run: bare() },
  { name: 'the same by tpm-tis', run: tis },
  { name: 'the same by tpm-crb', run: crb },
  { name: 'the same by tpm-tis-i2c', run: i2c },
];
