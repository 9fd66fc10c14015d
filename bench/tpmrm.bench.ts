import { fromHex } from '../src/bytes/index.ts';
import { Clock, Random } from '../src/sim/index.ts';
import { Tpm } from '../src/tpm/index.ts';
import { type DeviceFile, embeddedBackend, type Swapping, TpmChip } from '../src/tpmrm/index.ts';
import type { Bench } from './harness.ts';

// What the resource manager costs a command: TPM2_Hash to the bare TPM, and through /dev/tpmrm0 with 1, 10 and 100 spaces
// alive that take turns, each with an object. Eagerly it is loaded and saved
// around every command; lazily too where spaces take turns, and never where there is one.

const STARTUP = fromHex('80010000000c000001440000');
const HASH = fromHex('8001000000130000017d0003616263000b40000007');
const OBJECT = fromHex(
  '80020000003c00000131400000010000000940000009000000000000090000000568656c6c6f000e0008000b00000452000000100000000000000000',
);

async function through(spaces: number, swapping: Swapping): Promise<Bench> {
  const tpm = new Tpm({ random: new Random('bench'), clock: new Clock() });
  tpm.execute(STARTUP);
  const chip = new TpmChip({ backend: embeddedBackend(tpm), clock: new Clock(), swapping });
  const files: DeviceFile[] = [];
  for (let i = 0; i < spaces; i++) {
    const opened = await chip.open('/dev/tpmrm0');
    if (!('value' in opened)) throw new Error('the device does not open');
    await opened.value.write(OBJECT);
    const made = await opened.value.read(4096);
    if (!('value' in made) || made.value[9] !== 0) throw new Error(`no object: ${JSON.stringify(made)}`);
    files.push(opened.value);
  }
  let turn = 0;
  return {
    name: `TPM2_Hash by /dev/tpmrm0, ${spaces} space${spaces === 1 ? '' : 's'} with an object each, ${swapping}`,
    async run() {
      const file = files[turn++ % spaces];
      await file?.write(HASH);
      await file?.read(4096);
    },
  };
}

const bare = new Tpm({ random: new Random('bench'), clock: new Clock() });
bare.execute(STARTUP);
const direct: Bench = { name: 'TPM2_Hash, bare TPM', run: () => void bare.execute(HASH) };

async function empty(): Promise<Bench> {
  const tpm = new Tpm({ random: new Random('bench'), clock: new Clock() });
  tpm.execute(STARTUP);
  const chip = new TpmChip({ backend: embeddedBackend(tpm), clock: new Clock() });
  const opened = await chip.open('/dev/tpmrm0');
  if (!('value' in opened)) throw new Error('the device does not open');
  return {
    name: 'TPM2_Hash by /dev/tpmrm0, a space with nothing in it',
    async run() {
      await opened.value.write(HASH);
      await opened.value.read(4096);
    },
  };
}

const busy = await Promise.all([1, 10, 100].map(spaces => through(spaces, 'eager')));
const lazy = await Promise.all([1, 10, 100].map(spaces => through(spaces, 'lazy')));
/** A hundred spaces cost a command no more than one does: only what the space itself has is swapped. */
const one = busy[0]?.name ?? '';
export const benches: readonly Bench[] = [
  direct,
  await empty(),
  ...busy.map(bench => (bench.name === one ? bench : { ...bench, limit: { times: 1.5, of: one } })),
  ...lazy,
];
