import { expect } from 'chai';
import { fromHex, toHex } from '../../src/bytes/index.ts';
import { hcalls, MSR, QEMU_STDERR } from '../../src/hcall/index.ts';
import { H } from '../../src/spec/index.ts';
import { ANSWER, CLOSE_SESSION, EXECUTE, GET_RANDOM, H_TPM_COMM, haltOf, machine, recordOf } from './machine.ts';

describe('H_TPM_COMM returns each code that it declares', () => {
  const provoked: Readonly<Record<string, () => Promise<number>>> = {
    H_PRIVILEGE: () => {
      const { vcpu, execute } = machine();
      vcpu.regs.msr |= MSR.PR;
      return execute();
    },
    H_FUNCTION: () => machine({ proxy: false }).execute(),
    H_PARAMETER: () => machine().hypercall(H_TPM_COMM, 3),
    H_P2: () => machine({ mode: 'strict' }).execute({ in_buffer: (512n << 20n) - 11n }),
    H_P3: () => machine().execute({ in_size: 4097n }),
    H_P4: () => machine({ mode: 'strict' }).execute({ out_buffer: (512n << 20n) - 4095n }),
    H_P5: () => machine().execute({ out_size: 4095n }),
    H_RESOURCE: () => {
      const { device, execute } = machine();
      device.onOpen = () => ({ errno: 'ENOENT' });
      return execute();
    },
  };

  for (const [name, provoke] of Object.entries(provoked)) {
    it(name, async () => expect(await provoke()).to.equal(H[name.slice(2) as keyof typeof H]));
  }

  it('and declares no other', () => {
    expect(Object.keys(hcalls.get(H_TPM_COMM)?.returns ?? {})).to.have.members(Object.keys(provoked));
  });
});

describe('H_TPM_COMM, EXECUTE', () => {
  it('passes the command on and stores the answer, its size in r4', async () => {
    const { guest, vcpu, execute, device } = machine();
    guest.write(0x40_0000n, fromHex(GET_RANDOM), 'guest');
    let command = '';
    device.onWrite = data => {
      command = toHex(data);
      return { value: data.length };
    };
    expect(await execute()).to.equal(H.SUCCESS);
    expect(command).to.equal(GET_RANDOM);
    expect(vcpu.get(4)).to.equal(10n);
    expect(guest.read(0x50_0000n, 12, 'guest')).to.deep.equal(Uint8Array.from([...ANSWER, 0, 0]));
  });

  it('opens once, and again after CLOSE_SESSION', async () => {
    const { device, execute, hypercall } = machine();
    await execute();
    await execute();
    await hypercall(H_TPM_COMM, CLOSE_SESSION);
    await hypercall(H_TPM_COMM, CLOSE_SESSION);
    await execute();
    const once = ['write 12', 'read 4096'];
    expect(device.calls).to.deep.equal(['open /dev/tpmrm0', ...once, ...once, 'close', 'open /dev/tpmrm0', ...once]);
  });

  it('looks at all 64 bits of op and sizes', async () => {
    const { hypercall, execute, device } = machine();
    expect(await hypercall(H_TPM_COMM, BigInt(EXECUTE) + (1n << 32n))).to.equal(H.PARAMETER);
    expect(await execute({ in_size: (1n << 63n) + 12n })).to.equal(H.P3);
    expect(device.calls).to.deep.equal([]);
  });

  it('keeps the session over a failed write, and makes no read', async () => {
    const { device, execute } = machine();
    device.onWrite = () => ({ errno: 'EBUSY' });
    expect(await execute()).to.equal(H.RESOURCE);
    expect(await execute()).to.equal(H.RESOURCE);
    expect(device.calls).to.deep.equal(['open /dev/tpmrm0', 'write 12', 'write 12']);
  });

  it('in mode `strict` takes buffers that end where RAM ends', async () => {
    const end = 512n << 20n;
    expect(await machine({ mode: 'strict' }).execute({ in_buffer: end - 12n, out_buffer: end - 4096n })).to.equal(H.SUCCESS);
  });

  it('in mode `strict` opens nothing for a bad buffer', async () => {
    const { device, execute } = machine({ mode: 'strict' });
    await execute({ out_buffer: 1n << 40n });
    expect(device.calls).to.deep.equal([]);
  });
});

describe('H_TPM_COMM that never returns', () => {
  const eof = { value: new Uint8Array(0) };

  it('gives up on a device at its end of file after a second of virtual time', async () => {
    const { device, execute, world, guest } = machine();
    device.onRead = () => eof;
    const { how, scope } = await haltOf(execute());
    expect([how, scope]).to.deep.equal(['loops for ever', 'guest']);
    expect(world.clock.nowNs >= 1_000_000_000n).to.equal(true);
    expect(guest.state.life).to.equal('stuck');
  });

  it('returns when the device answers within that time', async () => {
    const { device, execute, world } = machine();
    device.onRead = () => (world.clock.nowMs < 900n ? eof : { value: ANSWER });
    expect(await execute()).to.equal(H.SUCCESS);
  });

  it('lets others run while it tries again', async () => {
    const { device, execute, world } = machine();
    let ready = false;
    device.onRead = () => (ready ? { value: ANSWER } : eof);
    const other = async () => {
      await world.scheduler.turn(20_000_000);
      ready = true;
      return 0;
    };
    const [result] = await world.scheduler.run([
      { name: 'guest', body: execute },
      { name: 'TPM', body: other },
    ]);
    expect(result).to.equal(H.SUCCESS);
    expect(Number(world.clock.nowMs)).to.be.within(20, 21);
  });

  it('counts EINTR without end and writes of nothing as such a loop', async () => {
    const interrupted = machine();
    interrupted.device.onRead = () => ({ errno: 'EINTR' });
    expect((await haltOf(interrupted.execute())).how).to.equal('loops for ever');
    const full = machine();
    full.device.onWrite = () => ({ value: 0 });
    expect((await haltOf(full.execute())).how).to.equal('loops for ever');
  });

  it('names the call in which it is blocked', async () => {
    const blocks = { blocks: true } as const;
    const read = machine();
    read.device.onRead = () => blocks;
    expect((await haltOf(read.execute())).how).to.equal('blocked in read()');
    const write = machine();
    write.device.onWrite = () => blocks;
    expect((await haltOf(write.execute())).how).to.equal('blocked in write()');
    const open = machine();
    open.device.onOpen = () => blocks;
    expect((await haltOf(open.execute())).how).to.equal('blocked in open()');
  });
});

describe('H_TPM_COMM that ends QEMU', () => {
  it('with out_size 4097, after the command went to the TPM; the kernel closes the file', async () => {
    const { device, execute, guest } = machine();
    const { signal } = await haltOf(execute({ out_size: 4097n }));
    expect(signal).to.equal('SIGABRT');
    expect(device.calls).to.deep.equal(['open /dev/tpmrm0', 'write 12', 'close']);
    expect(guest.state.life).to.equal('dead');
  });

  it('without _FORTIFY_SOURCE only when the answer is longer than the buffer', async () => {
    const short = machine({ fortify: false });
    expect(await short.execute({ out_size: 8192n })).to.equal(H.SUCCESS);
    short.device.onRead = () => ({ value: new Uint8Array(4097) });
    expect((await haltOf(short.execute({ out_size: 8192n }))).how).to.contain('stack smashing');
  });
});

describe('spapr-tpm-proxy', () => {
  it('is there once a machine', () => {
    const { hypervisor, guest } = machine();
    expect(hypervisor.plugTpmProxy(guest, '/dev/tpmrm0')).to.equal(false);
  });

  it('is closed by a machine reset', async () => {
    const { device, hypervisor, guest, execute } = machine();
    await execute();
    await hypervisor.resetGuest(guest);
    expect(device.calls.at(-1)).to.equal('close');
  });

  it('leaves its file open when it is unplugged, until QEMU ends', async () => {
    const { device, hypervisor, guest, execute } = machine();
    await execute();
    hypervisor.unplugTpmProxy(guest);
    expect(device.calls).not.to.include('close');
    await hypervisor.endGuest(guest);
    expect(device.calls.at(-1)).to.equal('close');
  });

  it('finds its session again in a snapshot', async () => {
    const { device, hypervisor, execute, hypercall } = machine();
    await execute();
    const open = structuredClone(hypervisor.snapshot());
    await hypercall(H_TPM_COMM, CLOSE_SESSION);
    hypervisor.restore(open);
    await execute();
    expect(device.calls.filter(call => call.startsWith('open'))).to.have.length(1);
  });

  it('finds in a snapshot the file that an unplugged proxy left open', async () => {
    const { device, hypervisor, guest, execute } = machine();
    await execute();
    hypervisor.unplugTpmProxy(guest);
    const unplugged = structuredClone(hypervisor.snapshot());
    await hypervisor.endGuest(guest);
    hypervisor.plugTpmProxy(guest, '/dev/tpmrm0');
    hypervisor.restore(unplugged);
    expect(hypervisor.proxies.has(guest.lpid), 'it is unplugged').to.equal(false);
    device.calls.length = 0;
    await hypervisor.endGuest(guest);
    expect(device.calls, 'the kernel closes it').to.deep.equal(['close']);
  });

  it('shows the hypervisor what passes', async () => {
    const { guest, execute, ...rest } = machine();
    const events = recordOf(rest);
    guest.write(0x40_0000n, fromHex(GET_RANDOM), 'guest');
    await execute();
    const files = events.filter(({ kind }) => kind === 'proxy.file');
    expect(files.map(({ data }) => data)).to.deep.equal([
      { call: 'open', path: '/dev/tpmrm0', result: '0' },
      { call: 'write', path: '/dev/tpmrm0', result: '12' },
      { call: 'read', path: '/dev/tpmrm0', result: '10' },
    ]);
    const [call] = events;
    expect(files.every(({ cause }) => cause === call?.seq)).to.equal(true);
    const [, write, read] = files.map(({ sights }) => sights[0]);
    expect(toHex(write?.bytes ?? ANSWER)).to.equal(GET_RANDOM);
    expect(read).to.deep.include({ what: 'response', bytes: ANSWER });
    expect(write?.seenBy).to.include('hypervisor');
  });

  it("puts QEMU's messages on the record", async () => {
    const { execute, ...rest } = machine();
    const events = recordOf(rest);
    await execute({ in_size: 4097n });
    const [note] = events.filter(({ kind }) => kind === 'note');
    expect(note?.data).to.deep.equal({ text: `${QEMU_STDERR}invalid TPM input buffer size: 4097` });
  });
});
