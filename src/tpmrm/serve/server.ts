import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { SimulatorError } from '../../sim/index.ts';
import { type Address, addressText } from '../backend/connect.ts';
import type { TpmChip } from '../chip.ts';
import { serveConnection } from './connection.ts';

export interface ServeOptions {
  /** Connections at the same time; one more is closed at once. Default: 256. */
  readonly mostConnections?: number;
  /** Told what happens, in a line. */
  readonly onLine?: (line: string) => void;
}

export interface ResourceManagerServer {
  /** Where it listens: the port that was taken for port 0. */
  readonly address: Address;
  readonly connections: number;
  /** Ends all connections, waits for the commands under way, flushes the sessions of the spaces. */
  close(): Promise<void>;
}

/**
 * Serves a TPM as /dev/tpmrm0: each connection is a space, as each open of the device is. Commands and responses go as they are.
 * @throws {SimulatorError} `tpmrm.listen`.
 */
export async function serveResourceManager(chip: TpmChip, address: Address, options: ServeOptions = {}): Promise<ResourceManagerServer> {
  const { mostConnections = 256, onLine = () => {} } = options;
  const open = new Map<Socket, Promise<void>>();
  let count = 0;

  async function serve(socket: Socket, name: string): Promise<void> {
    const opened = await chip.open('/dev/tpmrm0');
    if (!('value' in opened)) {
      socket.destroy();
      onLine(`${name}: refused, open gave ${'errno' in opened ? opened.errno : 'no result'}`);
      return;
    }
    onLine(`${name}: opened`);
    onLine(`${name}: ended: ${await serveConnection(socket, opened.value)}`);
  }

  const server = createServer({ noDelay: true, keepAlive: true }, socket => {
    const name = `connection ${++count}`;
    socket.on('error', () => {}); // whoever serves it notices
    if (open.size >= mostConnections) {
      onLine(`${name}: refused, ${mostConnections} are open`);
      socket.destroy();
      return;
    }
    open.set(
      socket,
      serve(socket, name).finally(() => open.delete(socket)),
    );
  });
  await listen(server, address);
  const bound = server.address();
  return {
    address: 'path' in address || bound === null || typeof bound === 'string' ? address : { host: address.host, port: bound.port },
    get connections() {
      return open.size;
    },
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      for (const socket of open.keys()) socket.destroy();
      await Promise.allSettled(open.values());
      await closed;
    },
  };
}

async function listen(server: Server, address: Address): Promise<void> {
  if ('path' in address) await removeStale(address.path);
  await new Promise<void>((resolve, reject) => {
    const refused = ({ code, message }: NodeJS.ErrnoException) => reject(cannotListen(address, code ?? message));
    server.once('error', refused);
    server.listen(address, () => {
      server.off('error', refused);
      resolve();
    });
  });
  // Whoever can connect can use the TPM: the owner alone, as with a device file that was not opened to a group.
  if ('path' in address) await chmod(address.path, 0o600);
}

/** A socket that nobody listens on was left by a program that was killed. Anything else at this path is not ours to remove. */
async function removeStale(path: string): Promise<void> {
  const there = await lstat(path).catch(() => null);
  if (!there?.isSocket()) return;
  const alive = await new Promise<boolean>(resolve => {
    const probe = connect({ path }, () => {
      probe.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
  if (!alive) await unlink(path);
}

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Somebody listens there already. Take another place, or tcp port 0 for any that is free.',
  EACCES: 'You may not listen there: ports below 1024 and folders of others need rights.',
  ENOENT: 'The folder of the socket does not exist.',
};

function cannotListen(address: Address, code: string): SimulatorError {
  const what = `cannot listen on ${addressText(address)}: ${code}`;
  const hint = HINTS[code];
  return new SimulatorError('tpmrm.listen', { what, ...(hint ? { hint } : {}), blame: 'environment' });
}
