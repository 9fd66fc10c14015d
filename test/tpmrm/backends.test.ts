import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SimulatorError } from '../../src/sim/index.ts';
import { BackendError, openBackend, parseBackendSpec } from '../../src/tpmrm/index.ts';
import { message } from '../../src/tpmrm/wire.ts';
import { TinyTpm } from './tiny-tpm.ts';

const caught = async (body: () => unknown): Promise<unknown> => {
  try {
    await body();
  } catch (error) {
    return error;
  }
  return 'nothing was thrown';
};

describe('the name of a TPM', () => {
  for (const [text, spec] of Object.entries({
    embedded: { kind: 'embedded' },
    swtpm: { kind: 'swtpm' },
    'swtpm:tcp:localhost:2321': { kind: 'swtpm-tcp', host: 'localhost', port: 2321 },
    'swtpm:tcp:[::1]:2321': { kind: 'swtpm-tcp', host: '::1', port: 2321 },
    'swtpm:unix:/run/tpm:1.sock': { kind: 'swtpm-unix', path: '/run/tpm:1.sock' },
    'mssim:10.0.0.1:2321': { kind: 'mssim', host: '10.0.0.1', port: 2321 },
    'device:/dev/tpmrm0': { kind: 'device', path: '/dev/tpmrm0' },
  })) {
    it(text, () => expect(parseBackendSpec(text)).to.deep.equal(spec));
  }

  for (const [text, code, hint] of [
    ['embeded', 'tpmrm.unknown-backend', 'Did you mean "embedded"?'],
    ['swtmp:tcp:localhost:1', 'tpmrm.unknown-backend', 'Did you mean'],
    ['', 'tpmrm.unknown-backend', 'A TPM is one of: embedded, swtpm'],
    ['mssim:localhost', 'tpmrm.backend-address', 'Write HOST:PORT'],
    ['mssim:localhost:65535', 'tpmrm.backend-address', 'from 1 to 65534'],
    ['swtpm:unix:sock', 'tpmrm.backend-address', './sock'],
  ] as const) {
    it(`refuses "${text}", and says what to write`, async () => {
      const error = await caught(() => parseBackendSpec(text));
      expect(error).to.be.instanceOf(SimulatorError).and.include({ code, blame: 'input', where: '--tpm' });
      expect((error as SimulatorError).hint).to.contain(hint);
    });
  }
});

describe('a TPM that cannot be had', () => {
  const options = { embedded: () => new TinyTpm(), timeoutMs: 2000 };

  it('an swtpm that is not installed', async () => {
    const error = await caught(() => openBackend({ kind: 'swtpm' }, { ...options, swtpm: { program: 'no-such-swtpm' } }));
    expect(error).to.be.instanceOf(SimulatorError).and.include({ code: 'tpmrm.swtpm-missing', blame: 'environment' });
  });

  it('an address where nobody listens', async () => {
    const error = await caught(() => openBackend({ kind: 'swtpm-unix', path: '/nonexistent/socket' }, options));
    expect(error).to.be.instanceOf(SimulatorError).and.include({ code: 'tpmrm.unreachable', blame: 'environment' });
  });

  it('a device that does not exist, and one of this machine without leave', async () => {
    const device = { kind: 'device', path: '/dev/no-such-tpm' } as const;
    expect(await caught(() => openBackend(device, options))).to.include({ code: 'tpmrm.hardware' });
    const error = await caught(() => openBackend(device, { ...options, allowHardware: true }));
    expect(error).to.include({ code: 'tpmrm.device-unusable', blame: 'environment' });
  });
});

describe('a TPM behind a socket', () => {
  let dir: string;
  let server: Server | undefined;
  const sockets = new Set<Socket>();

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'svm-sim-test-'));
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** A server that does with each command what it is told; gives a backend that is attached to it. */
  async function serving(behave: (command: Uint8Array, socket: Socket) => void) {
    const path = join(dir, 'tpm.sock');
    server = createServer(socket => {
      sockets.add(socket);
      socket.on('data', data => behave(new Uint8Array(data), socket));
    });
    await new Promise<void>(resolve => server?.listen(path, resolve));
    return openBackend({ kind: 'swtpm-unix', path }, { embedded: () => new TinyTpm(), timeoutMs: 200 });
  }
  const command = message(0x131, [0x40000001]);

  it('answers in pieces', async () => {
    const tpm = new TinyTpm();
    const backend = await serving((bytes, socket) => {
      const [...answer] = tpm.execute(bytes);
      for (const [i, byte] of answer.entries()) setTimeout(() => socket.write(new Uint8Array([byte])), i);
    });
    expect(await backend.transmit(command)).to.have.length(18);
    await backend.close();
  });

  for (const [what, fault, behave] of [
    ['is silent', 'timeout', () => {}],
    ['hangs up', 'dead', (_: Uint8Array, socket: Socket) => socket.destroy()],
    ['answers garbage', 'garbage', (_: Uint8Array, socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n')],
    ['answers a size that cannot be', 'garbage', (_: Uint8Array, socket: Socket) => socket.write(message(0).with(4, 0xff))],
    ['answers twice', 'none', (_: Uint8Array, socket: Socket) => socket.write(Buffer.concat([message(0), message(0)]))],
  ] as const) {
    it(`${what}: ${fault}`, async () => {
      const backend = await serving(behave);
      const error = await caught(() => backend.transmit(command));
      if (fault === 'none') expect(error).to.equal('nothing was thrown');
      else expect(error).to.be.instanceOf(BackendError).and.include({ fault });
      await backend.close();
    });
  }

  it('is connected to again after a failure, and never gets the answer to an older command', async () => {
    const tpm = new TinyTpm();
    let first = true;
    const backend = await serving((bytes, socket) => {
      const late = first ? 300 : 0; // later than the time-out of 200 ms
      first = false;
      setTimeout(() => socket.destroyed || socket.write(tpm.execute(bytes)), late);
    });
    expect(await caught(() => backend.transmit(command))).to.include({ fault: 'timeout' });
    await new Promise(resolve => setTimeout(resolve, 150));
    expect(await backend.transmit(message(0x17a, [6, 0x129, 1]))).to.have.length(27);
    await backend.close();
  });
});
