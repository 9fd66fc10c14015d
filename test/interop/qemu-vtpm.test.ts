import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { fromHex, toHex } from '../../src/bytes/index.ts';
import { emulatorBackend, Hypervisor, hcalls, RealMemory, type TpmSpapr, type Vcpu } from '../../src/hcall/index.ts';
import { embeddedTpm } from '../../src/machine/index.ts';
import { createWorld } from '../../src/sim/index.ts';
import { s64 } from '../../src/spec/index.ts';
import { embeddedBackend, HostDevices } from '../../src/tpmrm/index.ts';
import { answerAt, guestMemory, memoryBytes, requestAt, resultsOf, TABLE, type TableCall } from './bare-metal.ts';
import { Children, QEMU, RAM_MIB, runOnQemu } from './real-qemu.ts';

const missing = [QEMU, 'swtpm'].filter(program => spawnSync(program, ['--version']).error);
const UNIT = 0x4000;
const QUEUE = { ioba: 0x1000, gpa: answerAt(0) };
const CALL = {
  REG_CRQ: 0xfc,
  FREE_CRQ: 0x100,
  VIO_SIGNAL: 0x104,
  SEND_CRQ: 0x108,
  ENABLE_CRQ: 0x2b0,
  PUT_TCE: 0x20,
  GET_TCE: 0x1c,
  STUFF_TCE: 0x138,
  PUT_TCE_INDIRECT: 0x13c,
};
const STARTUP = '80010000000c000001440000';
const PCR_READ = '80010000001400000 17e 00000001 000b 03 000001'.replaceAll(' ', '');

/** The life of a driver, with mistakes in it. */
function calls(): readonly TableCall[] {
  const list: TableCall[] = [];
  const call = (...registers: readonly (number | bigint)[]) => void list.push({ registers });
  const send = (word: string, over: Partial<TableCall> = {}) =>
    void list.push({ registers: [CALL.SEND_CRQ, UNIT, BigInt(`0x${word.padEnd(16, '0')}`), 0], ...over });
  /** A TPM command in the request page of the next call; the wait is that of the call after it. */
  const command = (hex: string) => {
    const ioba = 0x10_0000 + list.length * 0x1000;
    call(CALL.PUT_TCE, UNIT, ioba, requestAt(list.length + 1) | 3);
    send(`8002${(hex.length / 2).toString(16).padStart(4, '0')}${ioba.toString(16).padStart(8, '0')}`, { request: fromHex(hex) });
    list.push({ registers: [CALL.ENABLE_CRQ, UNIT], afterClose: true });
  };
  call(CALL.REG_CRQ, UNIT + 1, QUEUE.ioba, 0x1000);
  call(CALL.REG_CRQ, UNIT, QUEUE.ioba, 0xfff);
  call(CALL.REG_CRQ, UNIT, QUEUE.ioba + 16, 0x1000);
  call(CALL.PUT_TCE, UNIT, 0x1000_0000, 3);
  call(CALL.PUT_TCE, UNIT, QUEUE.ioba, QUEUE.gpa | 3);
  call(CALL.GET_TCE, UNIT, QUEUE.ioba);
  call(CALL.REG_CRQ, UNIT, QUEUE.ioba, 0x1000);
  call(CALL.REG_CRQ, UNIT, QUEUE.ioba, 0x1000);
  call(CALL.VIO_SIGNAL, UNIT, 2);
  call(CALL.VIO_SIGNAL, UNIT, 0);
  for (const word of ['c001', 'c002', 'c003', '8009', '0001']) send(word);
  command(STARTUP);
  command(PCR_READ);
  command('80010000000a00000bad');
  multiTce(list, call);
  call(CALL.FREE_CRQ, UNIT);
  call(CALL.FREE_CRQ, UNIT + 1);
  call(CALL.REG_CRQ, UNIT, QUEUE.ioba, 0x1000);
  return list;
}

/** Many mappings at once, as Linux makes them (hcall-multi-tce), with mistakes in it. */
function multiTce(list: TableCall[], call: (...registers: readonly (number | bigint)[]) => void): void {
  const get = (...pages: readonly number[]) => {
    for (const page of pages) list.push({ registers: [CALL.GET_TCE, UNIT, page * 0x1000] });
  };
  const LAST = 0xffff;
  for (const [ioba, npages] of [
    [0x40_0000, 3],
    [0x40_0010, 0],
    [0x40_0010, 1],
    [LAST * 0x1000, 2],
    [0x40_0000, 0x10001],
    [0x1000_0000, 1],
  ] as const)
    call(CALL.STUFF_TCE, UNIT, ioba, 0x12_3003, npages);
  get(0x400, 0x402, 0x403, LAST);
  call(CALL.STUFF_TCE, UNIT, 0x40_1000, 0, 2);
  get(0x400, 0x401);
  call(CALL.STUFF_TCE, UNIT + 1, 0x40_0000, 0, 1);
  const words = fromHex([0x20_0003, 0x20_1001, 0x20_2002].map(tce => tce.toString(16).padStart(16, '0')).join(''));
  for (const [ioba, npages, offset] of [
    [0x50_0000, 3, 0],
    [0x51_0000, 0, 0],
    [0x51_0000, 513, 0],
    [0x51_0000, 1, 8],
    [LAST * 0x1000, 2, 0],
  ] as const)
    list.push({ registers: [CALL.PUT_TCE_INDIRECT, UNIT, ioba, requestAt(list.length) + offset, npages], request: words });
  get(0x500, 0x501, 0x502, 0x510, LAST);
}

type Registers = { readonly call: string; readonly r3: bigint; readonly tce?: bigint };
/** What a call gives: H_GET_TCE a word in r4 as well. */
const said = ({ registers }: TableCall, r3: bigint, r4: bigint): Registers => ({
  call: registers.map(register => `0x${register.toString(16)}`).join(' '),
  r3,
  ...(registers[0] === CALL.GET_TCE && r3 === 0n ? { tce: r4 } : {}),
});

/** Memory after the calls on the simulated machine, with its own TPM. */
async function simulated(list: readonly TableCall[]): Promise<{ readonly results: readonly Registers[]; readonly memory: Uint8Array }> {
  const world = createWorld('vtpm');
  const hypervisor = new Hypervisor(world, new RealMemory(), { calls: hcalls, files: new HostDevices(null), pef: false });
  const guest = hypervisor.createGuest({ lpid: 1, ramBytes: BigInt(RAM_MIB) << 20n });
  const vtpm = hypervisor.plugVtpm(guest, emulatorBackend(embeddedBackend(embeddedTpm(world, 'vtpm'))), UNIT) as TpmSpapr;
  expect(vtpm.unit).to.equal(UNIT);
  guest.write(BigInt(TABLE), guestMemory(list), 'guest');
  const vcpu = guest.vcpus[0] as Vcpu;
  const results: Registers[] = [];
  for (const { registers, afterClose } of list) {
    if (afterClose) await hypervisor.guestWaits(guest);
    for (let i = 0; i < 7; i++) vcpu.set(3 + i, registers[i] ?? 0);
    await hypervisor.hypercall(vcpu);
    results.push(said({ registers }, s64(vcpu.get(3)), vcpu.get(4)));
  }
  return { results, memory: guest.read(BigInt(TABLE), memoryBytes(list), 'guest') };
}

describe('a guest with the vTPM of the real QEMU', () => {
  let folder: string;
  const children = new Children();
  before(function () {
    if (missing.length > 0) {
      console.log(`      skipped: ${missing.join(' and ')} not installed (apt-get install qemu-system-ppc swtpm)`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-vtpm-'));
  });
  after(() => {
    children.end();
    if (folder) rmSync(folder, { recursive: true });
  });

  it('sees results, queue entries and TPM answers as a guest of the simulated hypervisor does', async () => {
    const list = calls();
    const expected = await simulated(list);
    const control = join(folder, 'ctrl.sock');
    children.start('swtpm', ['socket', '--tpm2', '--tpmstate', `dir=${folder}`, '--ctrl', `type=unixio,path=${control}`]);
    for (let i = 0; i < 200 && !existsSync(control); i++) await sleep(10);
    const devices = [
      '-chardev',
      `socket,id=c,path=${control}`,
      '-tpmdev',
      'emulator,id=t,chardev=c',
      '-device',
      `tpm-spapr,tpmdev=t,reg=${UNIT}`,
    ];
    const memory = await runOnQemu(list, devices, folder, children);
    const results = resultsOf(memory, list).map(({ r3, r4 }, index) => said(list[index] as TableCall, r3, r4));
    for (const [index, result] of results.entries()) expect(result, `call ${index}`).to.deep.equal(expected.results[index]);
    const at = (bytes: Uint8Array, gpa: number, length: number) => toHex(bytes.subarray(gpa - TABLE, gpa - TABLE + length));
    const kinds = [0, 1, 2, 3, 4].map(entry => at(memory, QUEUE.gpa + entry * 16, 4));
    expect(kinds, 'the guest was answered at all').to.deep.equal(['c0010000', 'c0020000', '8082000a', '8082003e', '8082000a']);
    for (let entry = 0; entry < 6; entry++) {
      // Eight bytes: QEMU 7.2 does not clear the reserved half of some entries.
      expect(at(memory, QUEUE.gpa + entry * 16, 8), `entry ${entry}`).to.equal(at(expected.memory, QUEUE.gpa + entry * 16, 8));
    }
    for (const [index, { request }] of list.entries()) {
      if (request) expect(at(memory, requestAt(index), 10), `call ${index}`).to.equal(at(expected.memory, requestAt(index), 10));
    }
  });
});
