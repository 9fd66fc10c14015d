import { statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { removeStale } from '../../protocols/index.ts';

/**
 * A folder is its holder's alone: a second process is told who has it. The lock is a socket that somebody listens on, which the
 * kernel takes back however the holder ends; on Linux it has a name without a file (unix(7), abstract), elsewhere it lies in the folder.
 */
export class FolderLock {
  readonly #server: Server;
  private constructor(server: Server) {
    this.#server = server;
  }

  /** The lock, or what its holder says of itself. */
  static async take(folder: string, holder: string): Promise<FolderLock | { readonly heldBy: string }> {
    const path = lockPath(folder);
    if (!path.startsWith('\0')) await removeStale(path);
    const server = createServer(socket => socket.on('error', () => {}).end(holder));
    const taken = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
      server.listen({ path }, () => resolve(true));
    });
    if (!taken) return { heldBy: await holderOf(path) };
    server.unref();
    return new FolderLock(server);
  }

  release(): Promise<void> {
    return new Promise(resolve => this.#server.close(() => resolve()));
  }
}

/** The same folder has the same name by whatever path it is reached. */
function lockPath(folder: string): string {
  if (process.platform !== 'linux') return join(folder, 'lock');
  const { dev, ino } = statSync(folder, { bigint: true });
  return `\0svm-sim TPM state ${dev}:${ino}`;
}

const PATIENCE_MS = 1000;

function holderOf(path: string): Promise<string> {
  return new Promise(resolve => {
    let said = '';
    const socket = connect({ path });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.on('data', chunk => {
      said += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(said || 'another process'));
  });
}
