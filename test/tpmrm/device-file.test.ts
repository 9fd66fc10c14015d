import { expect } from 'chai';
import type { AnyEvent } from '../../src/sim/index.ts';
import { type Backend, BackendError, HostDevices } from '../../src/tpmrm/index.ts';
import { message } from '../../src/tpmrm/wire.ts';
import { ask, bench, createObject, getDigest, readPublic, startSession } from './help.ts';
import { CODE } from './tiny-tpm.ts';

const RAW = '/dev/tpm0';

describe('an open file of /dev/tpmrm0', () => {
  it('is one file for all its descriptors: the last close ends the space', async () => {
    const { open, tpm } = bench();
    const file = await open();
    const copy = file.dup();
    await ask(file, startSession);
    await file.write(createObject);
    await file.close();
    expect(await file.read(10)).to.deep.equal({ errno: 'EBADF' });
    expect(await copy.poll(['POLLIN'])).to.deep.equal({ value: ['POLLIN'] });
    expect(await copy.read(4)).to.deep.equal({ value: new Uint8Array([0x80, 1, 0, 0]) });
    expect(tpm.sessions.size).to.equal(1);
    await copy.close();
    expect(tpm.sessions.size).to.equal(0);
  });

  it('keeps a response for 120 s of virtual time', async () => {
    const { open, chip, world, log } = bench();
    const file = await open();
    await file.write(createObject);
    world.clock.advanceMs(119_999);
    expect(await file.poll(['POLLIN'])).to.deep.equal({ value: ['POLLIN'] });
    chip.advanceMs(1);
    expect(log).to.deep.equal(['TPM user space timeout is deprecated (pid=0)']);
    expect(await file.read(4096)).to.deep.equal({ value: new Uint8Array(0) });
  });

  it('with O_NONBLOCK gives the failure to the next read', async () => {
    const { open } = bench();
    const file = await open('/dev/tpmrm0', { access: 'O_RDWR', nonblock: true });
    expect(await file.write(readPublic(0x80ffffff))).to.deep.equal({ value: 14 });
    expect(await file.read(4096)).to.deep.equal({ errno: 'EINVAL' });
    expect(await file.read(4096)).to.deep.equal({ value: new Uint8Array(0) });
  });

  it('waits its turn: commands of many files run one after the other, first come first served', async () => {
    const order: number[] = [];
    const { open } = bench(tpm => ({
      ...tpm,
      transmit: async command => {
        await new Promise(resolve => setTimeout(resolve, 1));
        order.push(command[9] === 0x31 ? (command[13] ?? 0) : -1);
        return tpm.transmit(command);
      },
    }));
    const files = await Promise.all([open(RAW), open(), open(), open()]);
    order.length = 0;
    await Promise.all(files.map((file, i) => file.write(message(CODE.createPrimary, [i]))));
    const own = [-1, -1]; // the kernel's save and flush of a space's object, under the same lock
    expect(order).to.deep.equal([0, 1, ...own, 2, ...own, 3, ...own]);
  });
});

describe('a TPM that asks for another try', () => {
  const retrying = (rc: number, times: number) => (tpm: Backend) => {
    let left = times;
    return { ...tpm, transmit: async (command: Uint8Array) => (command[9] === 0x31 && left-- > 0 ? message(rc) : tpm.transmit(command)) };
  };

  it('gets the command again after 20, 40, ... ms, for TPM_RC_RETRY and TPM_RC_TESTING', async () => {
    for (const rc of [0x922, 0x90a]) {
      const { open, world } = bench(retrying(rc, 3));
      expect(await ask(await open(), createObject)).to.deep.include({ rc: 0 });
      expect(world.clock.nowMs).to.equal(20n + 40n + 80n);
    }
  });

  it('until 1280 ms were waited; then the program sees the code', async () => {
    const { open, world, log } = bench(retrying(0x922, 100));
    expect(await ask(await open(), createObject)).to.deep.include({ rc: 0x922 });
    expect(world.clock.nowMs).to.equal(2540n);
    expect(log).to.deep.equal(['tpm tpm0: in retry loop']);
  });

  it('not for TPM_RC_YIELDED: Linux passes it on', async () => {
    expect(await ask(await bench(retrying(0x908, 1)).open(), createObject)).to.deep.include({ rc: 0x908 });
  });
});

describe('a TPM that fails', () => {
  const failing = (when: { broken: boolean }, answer: () => Uint8Array) => (tpm: Backend) => ({
    ...tpm,
    transmit: async (command: Uint8Array) => (when.broken ? answer() : tpm.transmit(command)),
  });
  const fails = (fault: 'dead' | 'timeout' | 'garbage') => () => {
    throw new BackendError(fault, 'as the test wants it');
  };

  for (const [fault, errno] of [
    ['dead', 'EPIPE'],
    ['timeout', 'ETIME'],
    ['garbage', 'EIO'],
  ] as const) {
    it(`${fault}: ${errno} from write, an event that says so, and the file works again when the TPM does`, async () => {
      const when = { broken: false };
      const { open, world } = bench(failing(when, fails(fault)));
      const file = await open();
      const notes: string[] = [];
      world.bus.listen(event => event.kind === 'note' && notes.push(event.data.text));
      when.broken = true;
      expect(await ask(file, createObject)).to.deep.equal({ errno });
      expect(notes[0]).to.equal(`The TPM behind the resource manager failed (${fault}): as the test wants it`);
      when.broken = false;
      expect(await ask(file, createObject)).to.deep.include({ rc: 0 });
    });
  }

  it('a response whose size field is not its length: EFAULT', async () => {
    const when = { broken: false };
    const { open } = bench(failing(when, () => new Uint8Array([0x80, 1, 0, 0, 0, 99, 0, 0, 0, 0])));
    const file = await open();
    when.broken = true;
    expect(await ask(file, createObject)).to.deep.equal({ errno: 'EFAULT' });
  });

  it('during the save: the write fails with EFAULT, and the space is ruined if it has sessions', async () => {
    const when = { broken: false };
    const { open, log, world } = bench(tpm => ({
      ...tpm,
      transmit: async command => (when.broken && command[9] === 0x62 ? fails('dead')() : tpm.transmit(command)),
    }));
    const file = await open();
    await ask(file, startSession);
    const ruined: string[] = [];
    world.bus.listen(event => event.kind === 'tpmrm.space' && ruined.push(event.data.what));
    when.broken = true;
    expect(await ask(file, createObject)).to.deep.equal({ errno: 'EFAULT' });
    when.broken = false;
    expect(await ask(file, getDigest(0x03000000))).to.deep.equal({ errno: 'EFAULT' });
    expect(ruined).to.deep.equal(['ruined']);
    expect(log).to.include('tpm tpm0: tpm2_commit_space: error -14');
  });
});

describe('a snapshot of the chip', () => {
  it('takes spaces, unread responses and descriptors back, again and again', async () => {
    const { open, chip } = bench();
    const file = await open();
    const other = await open();
    await ask(file, createObject);
    await file.write(readPublic(0x80ffffff));
    const state = structuredClone(chip.snapshot());
    for (let turn = 0; turn < 2; turn++) {
      const read = await file.read(4096);
      expect('value' in read && read.value.length).to.equal(14);
      await ask(file, createObject);
      await other.close();
      await file.close();
      expect(await file.write(createObject)).to.deep.equal({ errno: 'EBADF' });
      chip.restore(state);
      expect(chip.spaces.map(({ id }) => id)).to.deep.equal(state.spaces.map(({ id }) => id));
    }
    expect(await chip.descriptor(file.descriptor).poll(['POLLIN'])).to.deep.equal({ value: ['POLLIN'] });
  });
});

describe('the record of events', () => {
  it('has the program’s command, within it the kernel’s own, then the response', async () => {
    const { open, world } = bench();
    const file = await open();
    const events: AnyEvent[] = [];
    world.bus.listen(event => events.push(event));
    await ask(file, createObject);
    const [first, ...rest] = events;
    expect(events.map(event => `${event.kind} ${'via' in event.data ? `${event.data.via} ${event.data.name}` : ''}`)).to.deep.equal([
      'tpm.command space 1 0x131',
      'tpm.command resource manager 0x162',
      'tpm.response resource manager 0x162',
      'tpm.command resource manager 0x165',
      'tpm.response resource manager 0x165',
      'tpm.response space 1 0x131',
    ]);
    expect(first?.sights[0]?.bytes).to.deep.equal(createObject);
    expect(first?.sights[0]?.seenBy).to.include('hypervisor');
    expect(rest.slice(0, 4).map(({ cause }) => cause)).to.deep.equal([0, 0, 0, 0].map(() => first?.seq));
  });
});

describe("the host's /dev", () => {
  it('has the TPM and a few that are none', async () => {
    const devices = new HostDevices(bench().chip);
    const opened = async (path: string) => {
      const result = await devices.open(path);
      if ('value' in result) return result.value;
      throw new Error(JSON.stringify(result));
    };
    expect(await (await opened('/dev/tpmrm0')).write(createObject)).to.deep.equal({ value: 14 });
    expect(await (await opened('/dev/null')).read(9)).to.deep.equal({ value: new Uint8Array(0) });
    expect(await (await opened('/dev/zero')).read(9)).to.deep.equal({ value: new Uint8Array(9) });
    expect(await (await opened('/dev/full')).write(createObject)).to.deep.equal({ errno: 'ENOSPC' });
    expect(await devices.open('/etc/passwd')).to.deep.equal({ errno: 'ENOENT' });
    expect(await new HostDevices(null).open('/dev/tpmrm0')).to.deep.equal({ errno: 'ENOENT' });
  });
});
