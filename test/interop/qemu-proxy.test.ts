import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { fromHex, toHex } from '../../src/bytes/index.ts';
import { Hypervisor, hcalls, RealMemory, type Vcpu } from '../../src/hcall/index.ts';
import { embeddedTpm } from '../../src/machine/index.ts';
import type { Listener } from '../../src/protocols/index.ts';
import { createWorld } from '../../src/sim/index.ts';
import { H_TPM_COMM, s64 } from '../../src/spec/index.ts';
import { embeddedBackend, HostDevices, serveResourceManager, TpmChip } from '../../src/tpmrm/index.ts';
import { answerAt, type CallResult, guestMemory, requestAt, resultsOf, TABLE, type TableCall } from './bare-metal.ts';
import { Children, QEMU, RAM_MIB, runOnQemu } from './real-qemu.ts';

const missing = [QEMU, 'socat'].filter(program => spawnSync(program, [program === 'socat' ? '-V' : '--version']).error);

/** The same TPM each time: both machines start from its first state. */
function freshChip(): TpmChip {
  const world = createWorld('bare metal');
  return new TpmChip({ backend: embeddedBackend(embeddedTpm(world, 'bare metal')), clock: world.clock });
}

const requests = {
  random: '80010000000c0000017b0020',
  // policy session, unsalted, unbound, nonce of 16 zero bytes, AES-128-CFB, SHA-256
  session: `80010000002f00000176 40000007 40000007 0010${'00'.repeat(16)} 0000 01 0006 0080 0043 000b`.replaceAll(' ', ''),
  sequence: '80010000000e000001860000000b',
  capability: '8001000000160000017a 00000001 80000000 00000010'.replaceAll(' ', ''),
  unknown: '80010000000a00000bad',
};

/** EXECUTE of each request in buffers of its own, and some calls that are refused. */
function calls(): readonly TableCall[] {
  const list: TableCall[] = [];
  const execute = (request: string, over: { in_size?: number; out_size?: number; afterClose?: boolean } = {}) => {
    const bytes = fromHex(request);
    const { in_size = bytes.length, out_size = 4096, afterClose = false } = over;
    const index = list.length;
    list.push({ registers: [H_TPM_COMM.number, 1, requestAt(index), in_size, answerAt(index), out_size], request: bytes, afterClose });
  };
  execute(requests.random);
  execute(requests.session);
  execute(requests.sequence);
  execute(requests.capability);
  execute(requests.unknown);
  execute(requests.random, { in_size: 4097 });
  execute(requests.random, { out_size: 4095 });
  list.push({ registers: [H_TPM_COMM.number, 3] });
  list.push({ registers: [0xef00] });
  list.push({ registers: [H_TPM_COMM.number, 2] });
  execute(requests.capability, { afterClose: true }); // a new session: nothing of the old one is left
  execute(requests.random);
  list.push({ registers: [H_TPM_COMM.number, 2] });
  return list;
}

/** The simulated hypervisor, driven as the guest's program drives the real one. */
async function simulated(list: readonly TableCall[]): Promise<readonly CallResult[]> {
  const world = createWorld('simulated');
  const hypervisor = new Hypervisor(world, new RealMemory(), { calls: hcalls, files: new HostDevices(freshChip()), pef: false });
  const guest = hypervisor.createGuest({ lpid: 1, ramBytes: BigInt(RAM_MIB) << 20n, tpmProxy: { hostPath: '/dev/tpmrm0' } });
  guest.write(BigInt(TABLE), guestMemory(list), 'guest');
  const vcpu = guest.vcpus[0] as Vcpu;
  const results: CallResult[] = [];
  for (const [index, { registers }] of list.entries()) {
    for (let i = 0; i < 7; i++) vcpu.set(3 + i, registers[i] ?? 0);
    await hypervisor.hypercall(vcpu);
    results.push({ r3: s64(vcpu.get(3)), r4: vcpu.get(4), answer: guest.read(BigInt(answerAt(index)), 4096, 'guest') });
  }
  return results;
}

describe('a guest of the real QEMU on our resource manager', () => {
  let folder: string;
  let server: Listener | undefined;
  const children = new Children();

  before(function () {
    if (missing.length > 0) {
      console.log(`      skipped: ${missing.join(' and ')} not installed (apt-get install qemu-system-ppc socat)`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'svm-sim-qemu-'));
  });
  after(async () => {
    children.end();
    await server?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  /** socat ends when QEMU closes the pseudo-terminal, and is started anew: the next open is the next space. */
  function bridge(terminal: string, socket: string): void {
    if (children.over) return;
    children
      .start('socat', [`PTY,link=${terminal},raw,echo=0,wait-slave`, `UNIX-CONNECT:${socket}`])
      .once('exit', () => bridge(terminal, socket));
  }

  async function realQemu(list: readonly TableCall[]): Promise<readonly CallResult[]> {
    const [terminal, socket] = [join(folder, 'tpmrm0'), join(folder, 'rm.sock')];
    server = await serveResourceManager(freshChip(), { path: socket });
    bridge(terminal, socket);
    for (let i = 0; i < 200 && !existsSync(terminal); i++) await sleep(10);
    return resultsOf(await runOnQemu(list, ['-device', `spapr-tpm-proxy,host-path=${terminal}`], folder, children), list);
  }

  it('gets from H_TPM_COMM what a guest of the simulated hypervisor gets', async () => {
    const list = calls();
    const show = ({ r3, r4, answer }: CallResult) => ({ r3, r4, answer: toHex(answer).replace(/(00)+$/, '') });
    const expected = (await simulated(list)).map(show);
    expect(expected.map(({ r3 }) => Number(r3))).to.deep.equal([0, 0, 0, 0, 0, -56, -58, -4, -2, 0, 0, 0, 0]);
    const actual = (await realQemu(list)).map(show);
    for (const [index, result] of actual.entries()) expect(result, `call ${index}`).to.deep.equal(expected[index]);
  });
});
