import { expect } from 'chai';
import { createWorld } from '../../src/sim/index.ts';
import { type DeviceFile, SWAPPING, TpmChip } from '../../src/tpmrm/index.ts';
import { ask, createObject, readPublic, startSession } from './help.ts';
import { TinyTpm } from './tiny-tpm.ts';

const CLIENTS = 40;
const COMMANDS = 25;

/** Some have more in the TPM than others, and so cost more each time. */
async function client(chip: TpmChip, number: number): Promise<DeviceFile> {
  const opened = await chip.open('/dev/tpmrm0');
  if (!('value' in opened)) throw new Error('not opened');
  await ask(opened.value, createObject);
  if (number % 2 === 0) await ask(opened.value, createObject);
  if (number % 4 === 0) await ask(opened.value, startSession);
  return opened.value;
}

describe('many clients at once', () => {
  for (const swapping of SWAPPING) {
    it(`take turns: none is ever more than one command ahead of another (${swapping})`, async () => {
      const tpm = new TinyTpm();
      const backend = {
        name: 'slow',
        async transmit(command: Uint8Array) {
          await new Promise(setImmediate); // whoever wants the TPM can queue up meanwhile
          return tpm.execute(command);
        },
        close: async () => {},
      };
      const chip = new TpmChip({ backend, clock: createWorld(1).clock, swapping });
      const files = await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(chip, number)));
      const done = new Array<number>(CLIENTS).fill(0);
      let widest = 0;
      await Promise.all(
        files.map(async (file, number) => {
          for (let i = 1; i <= COMMANDS; i++) {
            expect(await ask(file, readPublic(0x80ffffff))).to.include({ rc: 0 });
            done[number] = i;
            widest = Math.max(widest, Math.max(...done) - Math.min(...done));
          }
        }),
      );
      expect(done).to.deep.equal(new Array(CLIENTS).fill(COMMANDS));
      expect(widest).to.equal(1);
    });
  }
});
