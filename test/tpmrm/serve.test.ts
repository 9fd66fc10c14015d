import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { fromHex, toHex } from '../../src/bytes/index.ts';
import { kernelLog } from '../../src/cli/tpmrm/serve-spaces.ts';
import { embeddedTpm } from '../../src/machine/index.ts';
import type { Listener } from '../../src/protocols/index.ts';
import { parseListenAddress } from '../../src/protocols/index.ts';
import { createWorld, SimulatorError } from '../../src/sim/index.ts';
import { type Backend, embeddedBackend, type ServeOptions, serveResourceManager, TpmChip } from '../../src/tpmrm/index.ts';

const GET_RANDOM = '80010000000c0000017b0008';
const HASH_SEQUENCE_START = '80010000000e00000186 0000 000b'.replaceAll(' ', '');
const HANDLES = '8001000000160000017a 00000001 80000000 00000010'.replaceAll(' ', ''); // the transient ones

/** A client as socat is one: raw commands, raw responses. */
class Client {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  closed = false;

  constructor(address: object) {
    this.socket = connect(address as { port: number });
    this.socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('error', () => {});
  }

  send(hex: string): void {
    this.socket.write(fromHex(hex));
  }

  /** The next response, as hex; empty when the connection ended instead. */
  async answer(): Promise<string> {
    for (let waited = 0; waited < 3000; waited += 5) {
      const size = this.#received.length >= 10 ? this.#received.readUInt32BE(2) : Number.POSITIVE_INFINITY;
      if (this.#received.length >= size) {
        const answer = toHex(this.#received.subarray(0, size));
        this.#received = this.#received.subarray(size);
        return answer;
      }
      if (this.closed) return '';
      await sleep(5);
    }
    throw new Error('no answer in 3 s');
  }

  transmit(hex: string): Promise<string> {
    this.send(hex);
    return this.answer();
  }
}

describe('the resource manager on a socket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-serve-'));
  after(() => rmSync(folder, { recursive: true }));
  const servers: Listener[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  async function serve(options: ServeOptions & { address?: string; around?: (backend: Backend) => Backend } = {}) {
    const { address = 'tcp:0', around = backend => backend, ...rest } = options;
    const world = createWorld('serve');
    const chip = new TpmChip({ backend: around(embeddedBackend(embeddedTpm(world, 'serve'))), clock: world.clock });
    const server = await serveResourceManager(chip, parseListenAddress(address), rest);
    servers.push(server);
    return { server, chip, client: () => new Client(server.address) };
  }

  it('answers commands, and reassembles what comes in pieces', async () => {
    const { client } = await serve();
    const one = client();
    expect(await one.transmit(GET_RANDOM)).to.match(/^800100000014000000000008/);
    one.send(GET_RANDOM.slice(0, 6));
    await sleep(20);
    one.send(GET_RANDOM.slice(6) + GET_RANDOM);
    expect(await one.answer()).to.match(/^800100000014000000000008/);
    expect(await one.answer()).to.match(/^800100000014000000000008/);
  });

  it('gives each connection a space: virtual handles of its own, nothing of the others', async () => {
    const { client, chip } = await serve();
    const [one, two] = [client(), client()];
    expect(await one.transmit(HASH_SEQUENCE_START)).to.equal('80010000000e0000000080ffffff');
    expect(await two.transmit(HASH_SEQUENCE_START)).to.equal('80010000000e0000000080ffffff');
    expect(await one.transmit(HASH_SEQUENCE_START)).to.equal('80010000000e0000000080fffffe');
    expect(await two.transmit(HANDLES)).to.match(/0000000180ffffff$/);
    one.socket.destroy();
    for (let i = 0; i < 100 && chip.spaces.length > 1; i++) await sleep(5);
    expect(chip.spaces).to.have.length(1);
  });

  it('refuses an unknown command as the kernel does, and ends the connection where write(2) would fail', async () => {
    const lines: string[] = [];
    const { client } = await serve({ onLine: line => lines.push(line) });
    const one = client();
    expect(await one.transmit('80010000000a00000bad')).to.equal('80010000000a000b0143');
    expect(await one.transmit('80010000000e0000017380ffffff')).to.equal(''); // a handle that the space does not have
    expect(lines.at(-1)).to.equal('connection 1: ended: write gave EINVAL');
  });

  it('says why write(2) gave EFAULT, as the kernel logs it', async () => {
    const lines: string[] = [];
    const { log, reason } = kernelLog(line => lines.push(line));
    const world = createWorld('gap');
    const inner = embeddedBackend(embeddedTpm(world, 'gap'));
    const backend: Backend = {
      ...inner,
      transmit: command =>
        toHex(command).slice(12, 20) === '00000162' ? Promise.resolve(fromHex('80010000000a00000901')) : inner.transmit(command),
    };
    const chip = new TpmChip({
      backend,
      clock: world.clock,
      log,
    });
    const server = await serveResourceManager(chip, parseListenAddress('tcp:0'), { onLine: line => lines.push(line), reason });
    servers.push(server);
    expect(await new Client(server.address).transmit(HASH_SEQUENCE_START)).to.equal('');
    expect(lines.at(-1)).to.match(
      /^connection 1: ended: write gave EFAULT: tpm tpm0: tpm2_save_context: failed with a TPM error 0x0901, TPM_RC_CONTEXT_GAP \(0x901\); .*tpm2_flushcontext/,
    );
  });

  it('ends a connection that sends no TPM commands, and no other', async () => {
    const { client } = await serve();
    const [bad, good] = [client(), client()];
    expect(await bad.transmit('474554202f20485454502f312e310d0a')).to.equal('');
    expect(await good.transmit(GET_RANDOM)).to.have.length(40);
  });

  it('is not held up by a client that stops within a command, floods, reads nothing, or leaves', async () => {
    let running = 0;
    let most = 0;
    const { client, server } = await serve({
      around: backend => ({
        ...backend,
        async transmit(command) {
          most = Math.max(most, ++running);
          await sleep(1);
          running--;
          return backend.transmit(command);
        },
      }),
    });
    const hangs = client();
    hangs.send(GET_RANDOM.slice(0, 10));
    const floods = client();
    floods.socket.pause();
    for (let i = 0; i < 5000; i++) floods.send(GET_RANDOM);
    const leaves = client();
    leaves.send(GET_RANDOM);
    leaves.socket.destroySoon();
    const good = client();
    for (let i = 0; i < 20; i++) expect(await good.transmit(GET_RANDOM)).to.have.length(40);
    expect(most).to.equal(1);
    floods.socket.destroy();
    hangs.socket.destroy();
    for (let i = 0; i < 200 && server.connections > 1; i++) await sleep(5);
    expect(server.connections).to.equal(1);
  });

  it('takes no more connections than it should', async () => {
    const { client } = await serve({ mostConnections: 1 });
    const first = client();
    await first.transmit(GET_RANDOM);
    expect(await client().answer()).to.equal('');
    expect(await first.transmit(GET_RANDOM)).to.have.length(40);
  });

  it('ends in order: connections closed, spaces gone, nobody can connect any more', async () => {
    const { client, server, chip } = await serve();
    const one = client();
    await one.transmit(GET_RANDOM);
    await server.close();
    expect(await one.answer()).to.equal('');
    expect(chip.spaces).to.deep.equal([]);
    expect(await client().answer()).to.equal('');
  });

  it('makes its Unix socket for the owner alone, takes the place of one that was left over, and of nothing else', async () => {
    const path = join(folder, 'tpmrm.sock');
    const { client, server } = await serve({ address: `unix:${path}` });
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(await client().transmit(GET_RANDOM)).to.have.length(40);
    const busy = await serve({ address: `unix:${path}` }).catch((error: unknown) => error);
    expect(busy).to.be.instanceOf(SimulatorError).and.to.include({ code: 'tpmrm.listen', blame: 'environment' });
    await server.close();
    const file = join(folder, 'file');
    writeFileSync(file, 'mine');
    expect(await serve({ address: `unix:${file}` }).catch((error: unknown) => error)).to.be.instanceOf(SimulatorError);
    expect(statSync(file).size).to.equal(4);
  });

  it('says so when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const error = await serve({ address: `tcp:${port}` }).catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(SimulatorError);
    expect((error as SimulatorError).what).to.equal(`cannot listen on 127.0.0.1:${port}: EADDRINUSE`);
    other.close();
  });
});

describe('where to listen', () => {
  it('is a Unix socket, or a TCP port of this machine unless another host is named', () => {
    expect(parseListenAddress('unix:/run/x:y')).to.deep.equal({ path: '/run/x:y' });
    expect(parseListenAddress('tcp:2321')).to.deep.equal({ host: '127.0.0.1', port: 2321 });
    expect(parseListenAddress('tcp:[::1]:0')).to.deep.equal({ host: '::1', port: 0 });
    expect(parseListenAddress('tcp:0.0.0.0:1')).to.deep.equal({ host: '0.0.0.0', port: 1 });
    for (const bad of ['', 'tcp', 'tcp:', 'tcp:x', 'tcp:65536', 'unix:', '/run/x', 'udp:1', 'tcp:a:b:1']) {
      expect(() => parseListenAddress(bad), bad)
        .to.throw(SimulatorError)
        .that.includes({ code: 'tpmrm.listen', where: '--listen' });
    }
  });
});
