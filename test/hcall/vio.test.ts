import { expect } from 'chai';
import { passthroughBackend, QEMU_STDERR, type VtpmBackend } from '../../src/hcall/index.ts';
import { H } from '../../src/spec/index.ts';
import { BackendError } from '../../src/tpmrm/index.ts';
import { recordOf, TestDevice } from './machine.ts';
import { BUFFER, CALL, echoTpm, QUEUE, READ_PUBLIC, vtpmGuest } from './vio-guest.ts';

describe('the vTPM on the VIO bus', () => {
  it('greets, tells its version and its buffer, and passes a command', async () => {
    const tpm = echoTpm();
    const { start, send, take, transmit } = vtpmGuest(tpm);
    await start();
    for (const [message, answer] of [
      ['c001', 'c001000000000000'],
      ['c002', 'c002000000000000'],
      ['8001', '8081000000000002'],
      ['8003', '8083100000000000'],
      ['8004', '8084000000000000'],
    ] as const) {
      expect(await send(message)).to.equal(H.SUCCESS);
      expect(take(), message).to.equal(answer);
    }
    expect(await transmit(READ_PUBLIC)).to.equal(`80010000001800000000${READ_PUBLIC}`);
    expect(tpm.commands).to.deep.equal([READ_PUBLIC]);
  });

  it('goes by the length in the TPM’s header, not by that of the message', async () => {
    const tpm = echoTpm();
    const { start, send, guest, hypervisor, take } = vtpmGuest(tpm);
    await start();
    guest.write(BUFFER.gpa, Buffer.from(READ_PUBLIC, 'hex'), 'guest');
    await send('8002000100003000');
    await hypervisor.guestWaits(guest);
    expect(take()).to.equal('8082001800003000');
    expect(tpm.commands).to.deep.equal([READ_PUBLIC]);
  });

  it('does not answer what it does not know', async () => {
    const { start, send, take } = vtpmGuest();
    await start();
    for (const message of ['8005', '80ff', 'c003', '0001', '8101']) expect(await send(message), message).to.equal(H.SUCCESS);
    expect(take()).to.equal('');
  });

  it('is busy while a command runs: H_BUSY for another command, answers for all else', async () => {
    const { start, send, take, guest, hypervisor } = vtpmGuest();
    await start();
    guest.write(BUFFER.gpa, Buffer.from(READ_PUBLIC, 'hex'), 'guest');
    expect(await send('8002000e00003000')).to.equal(H.SUCCESS);
    expect(await send('8002000e00003000')).to.equal(H.BUSY);
    expect(await send('8001')).to.equal(H.SUCCESS);
    expect(take()).to.equal('8081000000000002');
    await hypervisor.guestWaits(guest);
    expect(take()).to.equal('8082001800003000');
    expect(await send('8002000e00003000')).to.equal(H.SUCCESS);
  });

  it('interrupts only when it was told to', async () => {
    const { start, send, hypercall, unit, vtpm } = vtpmGuest();
    await start();
    await send('8001');
    expect(vtpm.interrupts).to.equal(0);
    expect(await hypercall(CALL.VIO_SIGNAL, unit, 1)).to.equal(H.SUCCESS);
    await send('8001');
    expect(vtpm.interrupts).to.equal(1);
  });

  it('does not overwrite an entry that the guest has not taken: the ring is full after 256', async () => {
    const { start, send, take } = vtpmGuest();
    await start();
    for (let i = 0; i < 257; i++) await send(i < 256 ? '8001' : 'c001');
    for (let i = 0; i < 256; i++) expect(take()).to.equal('8081000000000002');
    expect(take()).to.equal('');
    await send('c001');
    expect(take()).to.equal('c001000000000000');
  });

  it('says so when a buffer is not mapped: copy-in', async () => {
    const { start, send, take, hypervisor, guest } = vtpmGuest();
    await start();
    await send('8002000e00008000');
    expect(take()).to.equal('80ff000000000003');
    await hypervisor.guestWaits(guest);
    expect(take(), 'a buffer that never held a command: nothing went to the TPM').to.equal('');
    expect(await send('8002000e00003000')).to.equal(H.BUSY);
  });

  it('says so when a buffer cannot be written: copy-out', async () => {
    const { start, send, take, hypercall, hypervisor, guest, unit } = vtpmGuest();
    await start();
    await hypercall(CALL.PUT_TCE, unit, BUFFER.ioba, BUFFER.gpa | 1n); // the device may read only
    guest.write(BUFFER.gpa, Buffer.from(READ_PUBLIC, 'hex'), 'guest');
    expect(await send('8002000e00003000')).to.equal(H.SUCCESS);
    await hypervisor.guestWaits(guest);
    expect(take()).to.equal('80ff000000000004');
  });

  it('gives TPM_FAIL and a line on stderr when its TPM is gone', async () => {
    const dead = { ...echoTpm(), transmit: async () => Promise.reject(new BackendError('dead', 'swtpm ended')) };
    const guest = vtpmGuest(dead);
    const events = recordOf(guest);
    await guest.start();
    expect(await guest.transmit(READ_PUBLIC)).to.equal('00c40000000a00000009');
    const notes = events.filter(({ kind }) => kind === 'note').map(({ data }) => (data as { text: string }).text);
    expect(notes).to.deep.equal([`${QEMU_STDERR}tpm-emulator: swtpm ended`]);
  });

  it('has a node in the device tree', () => {
    expect(vtpmGuest().vtpm.node).to.deep.equal({
      name: 'vtpm@71000001',
      properties: {
        reg: [0x7100_0001],
        device_type: 'IBM,vtpm',
        compatible: 'IBM,vtpm20',
        'ibm,my-dma-window': [0x7100_0001, 0, 0, 0, 0x1000_0000],
      },
    });
  });

  it('loses queue, mappings and the answer of the running command at a machine reset; its TPM starts anew', async () => {
    const tpm = echoTpm();
    const vtpm = vtpmGuest(tpm);
    const { start, send, take, hypervisor, guest, hypercall, unit, transmit } = vtpm;
    const events = recordOf(vtpm);
    await start();
    guest.write(BUFFER.gpa, Buffer.from(READ_PUBLIC, 'hex'), 'guest');
    await send('8002000e00003000');
    await hypervisor.resetGuest(guest);
    await hypervisor.guestWaits(guest);
    expect(take()).to.equal('');
    expect(tpm).to.include({ resets: 1 });
    expect(tpm.commands).to.deep.equal([READ_PUBLIC]);
    expect(events.filter(({ kind }) => kind === 'note').map(({ data }) => (data as { text: string }).text)).to.deep.equal(
      [
        'tpm_spapr_request_completed: DMA write failure',
        'spapr_vio_send_creq on uninitialized queue',
        'tpm_spapr_request_completed: Error sending response',
      ].map(line => QEMU_STDERR + line),
    );
    expect(await hypercall(CALL.GET_TCE, unit, QUEUE.ioba)).to.equal(H.SUCCESS);
    await start();
    expect(await transmit(READ_PUBLIC)).to.equal(`80010000001800000000${READ_PUBLIC}`);
  });

  it('comes back from a snapshot in the middle of a command', async () => {
    const { start, send, take, hypervisor, guest } = vtpmGuest();
    await start();
    guest.write(BUFFER.gpa, Buffer.from(READ_PUBLIC, 'hex'), 'guest');
    await send('8002000e00003000');
    const memory = guest.memory.snapshot();
    const state = structuredClone(hypervisor.snapshot());
    await hypervisor.guestWaits(guest);
    await hypervisor.resetGuest(guest);
    hypervisor.restore(state);
    guest.memory.restore(memory);
    await hypervisor.guestWaits(guest);
    expect(take()).to.equal('8082001800003000');
  });

  it('and the proxy are two TPMs of one guest', async () => {
    const { start, transmit, execute, device, guest } = vtpmGuest(echoTpm(), { proxy: true });
    await start();
    expect(await transmit(READ_PUBLIC)).to.contain(READ_PUBLIC);
    expect(device.calls).to.deep.equal([]);
    guest.write(0x40_0000n, Buffer.from('80010000000c0000017b0008', 'hex'), 'guest');
    expect(await execute()).to.equal(H.SUCCESS);
    expect(device.calls).to.deep.equal(['open /dev/tpmrm0', 'write 12', 'read 4096']);
  });

  it('is one a machine', () => {
    const { hypervisor, guest, vtpm } = vtpmGuest();
    expect(hypervisor.plugVtpm(guest, vtpm.backend)).to.equal(null);
  });
});

describe('the vTPM with the passthrough backend', () => {
  const backendOf = async (device: TestDevice): Promise<VtpmBackend> => {
    const backend = await passthroughBackend(device, '/dev/tpm0');
    if ('errno' in backend) throw new Error(backend.errno);
    return backend;
  };

  it('writes the command to the device file, reads the answer, and does not reset the TPM', async () => {
    const device = new TestDevice();
    const { start, transmit, hypervisor, guest } = vtpmGuest(await backendOf(device));
    await start();
    expect(await transmit(READ_PUBLIC)).to.equal('80010000000a00000000');
    await hypervisor.resetGuest(guest);
    expect(device.calls).to.deep.equal(['open /dev/tpm0', 'write 14', 'read 4096']);
    await hypervisor.endGuest(guest);
    expect(device.calls.at(-1)).to.equal('close');
  });

  it('gives TPM_FAIL when the device refuses', async () => {
    const device = new TestDevice();
    device.onWrite = () => ({ errno: 'EPIPE' });
    const { start, transmit } = vtpmGuest(await backendOf(device));
    await start();
    expect(await transmit(READ_PUBLIC)).to.equal('00c40000000a00000009');
  });

  it('cannot be had when the device is busy', async () => {
    const device = new TestDevice();
    device.onOpen = () => ({ errno: 'EBUSY' });
    expect(await passthroughBackend(device, '/dev/tpm0')).to.deep.equal({ errno: 'EBUSY' });
  });
});

describe('hypercalls of the VIO bus', () => {
  const NO_UNIT = 0x7100_0009;

  it('refuse a unit that is not there', async () => {
    const { hypercall } = vtpmGuest();
    for (const call of [CALL.FREE_CRQ, CALL.VIO_SIGNAL, CALL.SEND_CRQ, CALL.ENABLE_CRQ, CALL.PUT_TCE, CALL.GET_TCE]) {
      expect(await hypercall(call, NO_UNIT, 0, 0), String(call)).to.equal(H.PARAMETER);
    }
    expect(await hypercall(CALL.REG_CRQ, NO_UNIT, 0x1000, 0x1000)).to.equal(H.PARAMETER);
    expect(await hypercall(CALL.ENABLE_CRQ, 0x1_7100_0001, 0, 0)).to.equal(H.PARAMETER);
  });

  it('H_REG_CRQ: looks at size and place of the queue, and takes one only', async () => {
    const { hypercall, unit } = vtpmGuest();
    for (const [queue, length] of [
      [0x1000, 0xfff],
      [0x1000, 0x1000_0001],
      [0x1010, 0x1000],
    ] as const) {
      expect(await hypercall(CALL.REG_CRQ, unit, queue, length)).to.equal(H.PARAMETER);
    }
    expect(await hypercall(CALL.REG_CRQ, unit, 0x1000, 0x1000)).to.equal(H.SUCCESS);
    expect(await hypercall(CALL.REG_CRQ, unit, 0x1000, 0x1000)).to.equal(H.RESOURCE);
    expect(await hypercall(CALL.FREE_CRQ, unit)).to.equal(H.SUCCESS);
    expect(await hypercall(CALL.REG_CRQ, unit, 0x1000, 0x1000)).to.equal(H.SUCCESS);
    expect(await hypercall(CALL.ENABLE_CRQ, unit)).to.equal(H.SUCCESS);
  });

  it('H_VIO_SIGNAL: knows the queue’s interrupt only', async () => {
    const { hypercall, unit } = vtpmGuest();
    expect(await hypercall(CALL.VIO_SIGNAL, unit, 2)).to.equal(H.PARAMETER);
    expect(await hypercall(CALL.VIO_SIGNAL, unit, 0)).to.equal(H.SUCCESS);
  });

  it('H_STUFF_TCE: the same for many pages, until one lies outside of the window', async () => {
    const { hypercall, unit, vtpm } = vtpmGuest();
    const stuff = (ioba: number, tce: number, npages: number) => hypercall(CALL.STUFF_TCE, unit, ioba, tce, npages);
    const mapped = () => [...vtpm.tces.snapshot().entries].sort(([a], [b]) => a - b);
    expect(await stuff(0x5000, 0x12_3003, 2)).to.equal(H.SUCCESS);
    expect(mapped()).to.deep.equal([
      [5, 0x12_3003n],
      [6, 0x12_3003n],
    ]);
    expect(await stuff(0x5abc, 0, 1)).to.equal(H.SUCCESS);
    expect(mapped()).to.deep.equal([[6, 0x12_3003n]]);
    expect(await stuff(0x0fff_f000, 3, 2)).to.equal(H.PARAMETER);
    expect(mapped().map(([page]) => page)).to.deep.equal([6, 0xffff]);
    for (const [ioba, npages] of [
      [0, 0],
      [0, 0x10001],
      [0x1000_0000, 1],
    ] as const)
      expect(await stuff(ioba, 3, npages)).to.equal(H.PARAMETER);
    expect(await hypercall(CALL.STUFF_TCE, unit + 1, 0, 3, 1)).to.equal(H.PARAMETER);
  });

  it('H_PUT_TCE_INDIRECT: each page by a word of a list in guest memory', async () => {
    const { hypercall, unit, vtpm, guest } = vtpmGuest();
    const put = (ioba: number, list: number, npages: number) => hypercall(CALL.PUT_TCE_INDIRECT, unit, ioba, list, npages);
    guest.write(0x7_0000n, Buffer.from('00000000002000030000000000201001', 'hex'), 'guest');
    expect(await put(0x5000, 0x7_0000, 2)).to.equal(H.SUCCESS);
    expect([...vtpm.tces.snapshot().entries]).to.deep.equal([
      [5, 0x20_0003n],
      [6, 0x20_1001n],
    ]);
    for (const [ioba, list, npages] of [
      [0, 0x7_0000, 0],
      [0, 0x7_0000, 513],
      [0, 0x7_0008, 1],
      [0x1000_0000, 0x7_0000, 1],
    ] as const)
      expect(await put(ioba, list, npages)).to.equal(H.PARAMETER);
    expect(await hypercall(CALL.PUT_TCE_INDIRECT, unit + 1, 0, 0x7_0000, 1)).to.equal(H.PARAMETER);
  });

  it('H_PUT_TCE and H_GET_TCE: keep to the window of 256 MiB', async () => {
    const { hypercall, unit, vcpu } = vtpmGuest();
    expect(await hypercall(CALL.PUT_TCE, unit, 0x0fff_f000, 0x12_3003)).to.equal(H.SUCCESS);
    expect(await hypercall(CALL.GET_TCE, unit, 0x0fff_fabc)).to.equal(H.SUCCESS);
    expect(vcpu.get(4)).to.equal(0x12_3003n);
    expect(await hypercall(CALL.PUT_TCE, unit, 0x1000_0000, 3)).to.equal(H.PARAMETER);
    expect(await hypercall(CALL.GET_TCE, unit, 0x1000_0000)).to.equal(H.PARAMETER);
  });

  it('tell when a device has no queue', async () => {
    const { hypercall, hypervisor, vtpm } = vtpmGuest();
    const nothing = async () => {};
    const device = { unit: NO_UNIT, tces: vtpm.tces, crq: null, signalMask: 0, signals: 0, receive: () => 0, settle: nothing };
    const plain = { ...device, reset: nothing, end: nothing, snapshot: () => undefined, restore: () => {} };
    expect(hypervisor.vio.get(1)?.plug(plain)).to.equal(true);
    expect(await hypercall(CALL.REG_CRQ, NO_UNIT, 0x1000, 0x1000)).to.equal(H.NOT_FOUND);
    expect(await hypercall(CALL.SEND_CRQ, NO_UNIT, 0, 0)).to.equal(H.HARDWARE);
  });
});
