import { createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { getU32 } from '../../src/bytes/index.ts';
import { openBackend } from '../../src/tpmrm/index.ts';
import { message, words } from '../../src/tpmrm/wire.ts';
import { TinyTpm } from './tiny-tpm.ts';

/** A simulator that speaks the Microsoft protocol on two ports in a row, over a tiny TPM. */
async function simulator() {
  const switches: number[] = [];
  const sockets = new Set<Socket>();
  const serve = (answer: (request: Uint8Array) => Uint8Array) =>
    createServer(socket => {
      sockets.add(socket);
      socket.on('data', data => socket.write(answer(new Uint8Array(data))));
    });
  const tpm = new TinyTpm();
  const commands = serve(request => {
    const response = tpm.execute(request.subarray(9));
    return Buffer.concat([words([response.length]), response, words([0])]);
  });
  const platform = serve(request => {
    switches.push(getU32(request, 0));
    return words([0]);
  });
  const listen = (server: Server, port: number) =>
    new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
  let port = 20_000 + (process.pid % 20_000);
  // A port that is taken is left for another pair.
  while (!(await listen(commands, port))) port += 2;
  expect(await listen(platform, port + 1)).to.equal(true);
  const close = () => {
    for (const socket of sockets) socket.destroy();
    commands.close();
    platform.close();
  };
  return { port, switches, close };
}

describe('a TPM that speaks the Microsoft simulator protocol', () => {
  it('is switched on, answers, and is switched off and on', async () => {
    const { port, switches, close } = await simulator();
    try {
      const backend = await openBackend({ kind: 'mssim', host: '127.0.0.1', port }, { embedded: () => new TinyTpm() });
      expect(switches).to.deep.equal([1, 11]);
      expect(await backend.transmit(message(0x131, [0x40000001]))).to.deep.equal(message(0, [0x80000000, 1]));
      await backend.reset?.();
      expect(switches).to.deep.equal([1, 11, 2, 1, 11]);
      await backend.close();
    } finally {
      close();
    }
  });
});
