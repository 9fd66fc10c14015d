import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { concat, fromHex, utf8 } from '../../src/bytes/index.ts';
import { type Listener, listenFor, type ServedChannel } from '../../src/protocols/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { ServedTpm, serveTpm, type TpmServer } from '../../src/tpm-serve/index.ts';
import { embeddedBackend, serveResourceManager, TpmChip } from '../../src/tpmrm/index.ts';
import { startedTpm } from '../tpm/help.ts';

const ANY = { host: '127.0.0.1', port: 0 };
const GET_RANDOM = fromHex('80010000000c0000017b0008');
const SHUTDOWN = fromHex('00000003');
const STOP = fromHex('00000015');

/** Ends when the other side ends it; what it sent. */
function sent(port: number, ...pieces: readonly Uint8Array[]): Promise<Buffer> {
  return new Promise(resolve => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', chunk => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

const portOf = (address: unknown): number => (address as { port: number }).port;

/** Every port that is served, and whether what it serves is as it was. */
async function served() {
  const lines: string[] = [];
  const tpm = new ServedTpm({ random: new Random('strangers'), clock: new Clock(), nowNs: () => 0n });
  const onLine = (line: string): void => void lines.push(line);
  const asked: string[] = [];
  const servers: TpmServer[] = [];
  const ports = new Map<string, number>();
  for (const protocol of ['swtpm', 'mssim'] as const) {
    const server = await serveTpm(tpm, { protocol, listen: ANY, control: 'next', onLine });
    void server.asked.then(why => asked.push(why));
    servers.push(server);
    ports.set(`${protocol} data`, portOf(server.data)).set(`${protocol} control`, portOf(server.control));
  }
  const backend = embeddedBackend(startedTpm('strangers'));
  const chip = new TpmChip({ backend, clock: new Clock(), swapping: 'eager' });
  const manager = await serveResourceManager(chip, ANY, { onLine });
  ports.set('tpmrm', portOf(manager.address));
  const close = () => Promise.all([...servers, manager].map(server => server.close()));
  return { ports, lines, asked, tpm, close };
}

describe('a stranger on a port', () => {
  const http = (method: string, body: Uint8Array, headers = ''): Uint8Array =>
    concat(utf8(`${method} / HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Content-Length: ${body.length}\r\n\r\n`), body);

  it('of another protocol is not listened to: nothing that stands behind its first bytes is done', async () => {
    const { ports, lines, asked, tpm, close } = await served();
    const bodies = [
      SHUTDOWN,
      STOP,
      GET_RANDOM,
      concat(SHUTDOWN, SHUTDOWN),
      fromHex('0000000e'),
      fromHex('00000008 00 0000000c'.replaceAll(' ', '')),
    ];
    try {
      for (const [name, port] of ports)
        for (const body of bodies)
          for (const first of [http('POST', body), http('GET', body), http('OPTIONS', body), fromHex('160301020001fc0303')]) {
            // In one piece; and the body only when the head was read.
            expect((await sent(port, concat(first, body))).length, name).to.equal(0);
            expect((await sent(port, first.slice(0, 20), first.slice(20), body)).length, name).to.equal(0);
          }
      await sleep(10);
      expect(asked).to.deep.equal([]);
      expect(tpm.running).to.equal(true);
      expect(lines.filter(line => line.includes('an HTTP request')).length).to.be.greaterThan(50);
      expect(lines.filter(line => line.includes('the beginning of TLS')).length).to.be.greaterThan(10);
    } finally {
      await close();
    }
  }).timeout(60_000);

  it('is told by what it is: a web page, and a browser that asks whether a page may', async () => {
    const { ports, lines, close } = await served();
    try {
      const port = ports.get('swtpm control') ?? 0;
      await sent(port, http('POST', SHUTDOWN, 'Origin: http://evil.example\r\n'));
      await sent(port, http('OPTIONS', SHUTDOWN, 'Origin: http://evil.example\r\nAccess-Control-Request-Private-Network: true\r\n'));
      await sleep(10);
      expect(lines.join('\n'))
        .to.match(/a web page is behind it/)
        .and.match(/question whether a page may come here/);
    } finally {
      await close();
    }
  });

  it('may send what it likes: bytes that are no message end its connection before a message that follows them', async () => {
    const { ports, asked, close } = await served();
    try {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 4, maxLength: 40 }), fc.constantFrom(...ports.values()), async (bytes, port) => {
          // No code of a control message, no header of a command.
          const junk = Uint8Array.from(bytes);
          junk[0] = 0x7f;
          junk[2] = 0xff;
          await sent(port, concat(junk, SHUTDOWN, STOP));
        }),
        { numRuns: 60 },
      );
      expect(asked).to.deep.equal([]);
    } finally {
      await close();
    }
  }).timeout(60_000);
});

describe('a connection', () => {
  const listeners: Listener[] = [];
  afterEach(async () => {
    for (const listener of listeners.splice(0)) await listener.close();
  });
  async function listening(channel: ServedChannel, more: { patienceMs?: number; mostConnections?: number } = {}) {
    const lines: string[] = [];
    const listener = await listenFor(ANY, { name: 'data', channel: () => channel, onLine: line => void lines.push(line), ...more });
    listeners.push(listener);
    return { port: portOf(listener.address), lines };
  }
  /** Messages of four bytes, given back. */
  const echo: ServedChannel = {
    take: received => (received.length < 4 ? { wants: 4 } : { used: 4, answer: received.slice(0, 4) }),
  };

  it('that has sent half a message is not waited for longer than is said', async () => {
    const { port, lines } = await listening(echo, { patienceMs: 50 });
    await sent(port, fromHex('0102'));
    await sleep(10);
    expect(lines.join('\n')).to.include('its message was not whole after 0.05 s');
  });

  it('whose message makes us fail is told as our fault, with the place; others go on', async () => {
    const { port, lines } = await listening({
      take: received => {
        if (received[0] === 0xff) throw new TypeError('nothing is undefined');
        return { used: received.length, answer: received.slice() };
      },
    });
    await sent(port, fromHex('ffffffff'));
    await sleep(10);
    expect(lines.join('\n')).to.match(/svm-sim has a fault of its own: TypeError: nothing is undefined\n +at /);
    const good = await new Promise<Buffer>(resolve => {
      const socket = connect(port, '127.0.0.1', () => socket.write(fromHex('01020304')));
      socket.once('data', data => {
        socket.destroy();
        resolve(data);
      });
    });
    expect(good.toString('hex')).to.equal('01020304');
  });

  it('is asked for a message once for each length that it may have, however small the pieces', async () => {
    let asked = 0;
    const size = 20_000;
    const { port } = await listening({
      take(received) {
        asked++;
        if (received.length < size) return { wants: size };
        return { used: size, answer: Uint8Array.of(1), end: 'done' };
      },
    });
    await sent(port, ...Array.from({ length: 200 }, () => new Uint8Array(100)));
    expect(asked).to.be.lessThan(4);
  });

  it('that is at work keeps its place: who only holds connections, and the newcomer, have to go', async () => {
    const { port, lines } = await listening(echo, { mostConnections: 3 });
    const good = connect(port, '127.0.0.1');
    const answered = () => new Promise(resolve => good.once('data', resolve));
    good.write(fromHex('01020304'));
    await answered();
    const silent = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
    for (const socket of silent) socket.on('error', () => {});
    while (lines.filter(line => line.includes('makes room')).length < 18) await sleep(5);
    good.write(fromHex('05060708'));
    await answered();
    for (const socket of [good, ...silent]) socket.destroy();
  });
});
