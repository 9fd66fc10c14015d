import { expect } from 'chai';
import { type Device, DeviceBackend } from '../../src/tpmrm/backend/device.ts';
import { BackendError } from '../../src/tpmrm/index.ts';
import { message } from '../../src/tpmrm/wire.ts';
import { TinyTpm } from './tiny-tpm.ts';

const COMMAND = message(0x131, [0x40000001]);
const failure = (code: string) => Object.assign(new Error(code), { code });

/** A device file of a driver whose TPM behaves as it is told: `null` never answers, a string is an errno of write(2). */
function driver(behaviour: () => Uint8Array | string | null) {
  const state = { opens: 0, closes: 0 };
  const open = async (): Promise<Device> => {
    state.opens++;
    let answer: Uint8Array | null = null;
    const device = {
      async write(bytes: Uint8Array) {
        const now = behaviour();
        if (typeof now === 'string') throw failure(now);
        answer = now;
        return { bytesWritten: bytes.length, buffer: bytes };
      },
      async read(buffer: Uint8Array) {
        if (!answer) return new Promise(() => {});
        buffer.set(answer);
        return { bytesRead: answer.length, buffer };
      },
      close: async () => void state.closes++,
    };
    return device as unknown as Device;
  };
  return { state, open };
}

async function fault(body: () => Promise<unknown>): Promise<BackendError> {
  try {
    await body();
  } catch (error) {
    if (error instanceof BackendError) return error;
    throw error;
  }
  throw new Error('it went well');
}

describe('a TPM of this machine by its character device', () => {
  for (const [code, kind, hint] of [
    ['EBUSY', 'tpmrm.device-busy', 'Another program has it open (tpm2-abrmd, or the firmware tools). /dev/tpmrm0 can be opened by many.'],
    ['EACCES', 'tpmrm.device-unusable', 'usermod -aG tss USER'],
    ['ENOENT', 'tpmrm.device-unusable', 'no such device'],
    ['ENXIO', 'tpmrm.device-unusable', 'dmesg'],
  ] as const) {
    it(`that cannot be opened (${code}) says why, and what to do`, async () => {
      const refuse = () => Promise.reject(failure(code));
      const error: unknown = await DeviceBackend.open('/dev/tpm0', 100, refuse).catch((caught: unknown) => caught);
      expect(error).to.include({ code: kind, blame: 'environment' });
      expect(error).to.have.property('what', `/dev/tpm0 cannot be opened: ${code}`);
      expect(error).to.have.property('hint').that.contains(hint);
    });
  }

  it('answers', async () => {
    const tpm = new TinyTpm();
    const backend = await DeviceBackend.open('/dev/tpmrm0', 100, driver(() => tpm.execute(COMMAND)).open);
    expect(await backend.transmit(COMMAND)).to.deep.equal(message(0, [0x80000000, 1]));
  });

  for (const [what, behaves, kind, errno] of [
    ['gives no answer in time', null, 'timeout', 'ETIME'],
    ['fails', 'EIO', 'dead', 'EPIPE'],
    ['is held by another program when it is opened again', 'EBUSY', 'dead', 'EPIPE'],
    ['answers something that is no response', Uint8Array.of(1, 2, 3), 'garbage', 'EIO'],
    ['answers a size that is not its length', message(0).with(5, 11), 'garbage', 'EIO'],
    ['answers nothing', new Uint8Array(0), 'garbage', 'EIO'],
  ] as const) {
    it(`that ${what} is a ${kind} fault, and is opened anew by the next command`, async () => {
      let behaviour: Uint8Array | string | null = behaves;
      const { open, state } = driver(() => behaviour);
      const backend = await DeviceBackend.open('/dev/tpm0', 20, open);
      const error = await fault(() => backend.transmit(COMMAND));
      expect(error).to.include({ fault: kind, errno });
      expect(error.message).to.contain('/dev/tpm0');
      expect(state).to.deep.equal({ opens: 1, closes: 1 });
      behaviour = message(0);
      expect(await backend.transmit(COMMAND)).to.deep.equal(message(0));
      expect(state.opens).to.equal(2);
    });
  }
});
