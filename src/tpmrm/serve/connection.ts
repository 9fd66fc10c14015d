import type { Socket } from 'node:net';
import type { HostFile } from '../host-file.ts';
import { CommandSplitter, LARGEST_COMMAND } from './commands.ts';

/**
 * One client, one open file of /dev/tpmrm0. A stream has no errno: where write(2) or read(2) would fail, the connection ends,
 * which a proxy behind a pseudo-terminal sees as EIO. At most one command of the client is under way, and none is read ahead of an
 * answer that the client has not taken: whoever floods or hangs slows down himself only.
 * @returns why it ended, when the file is closed.
 */
export async function serveConnection(socket: Socket, file: HostFile): Promise<string> {
  const splitter = new CommandSplitter();
  let why = 'the client closed it';
  // A connection that breaks is the same to us as one that is closed.
  const broken = (error: Error) => {
    why = `it broke: ${error.message}`;
  };
  socket.on('error', broken);
  try {
    // Reading by iteration is what holds back the client: the next chunk is taken after this one's commands.
    for await (const chunk of socket as AsyncIterable<Uint8Array>) {
      splitter.add(chunk);
      const refusal = await answerAll(socket, file, splitter);
      if (refusal !== null) {
        why = refusal;
        break;
      }
    }
    if (splitter.rest > 0 && why === 'the client closed it') why = `the client closed it within a command, after ${splitter.rest} bytes`;
  } catch (error) {
    if (!socket.destroyed) throw error;
  } finally {
    socket.destroy();
    await file.close();
  }
  return why;
}

/** Runs the commands that are whole; null when all were answered. */
async function answerAll(socket: Socket, file: HostFile, splitter: CommandSplitter): Promise<string | null> {
  for (let command = splitter.next(); command; command = splitter.next()) {
    if (command === 'nonsense') return 'it sent bytes that begin no TPM command';
    const written = await file.write(command);
    if (!('value' in written)) return `write gave ${'errno' in written ? written.errno : 'no result'}`;
    const read = await file.read(LARGEST_COMMAND);
    if (!('value' in read)) return `read gave ${'errno' in read ? read.errno : 'no result'}`;
    if (socket.destroyed) return 'the client left before its answer';
    if (!socket.write(read.value)) await drained(socket);
  }
  return null;
}

const drained = (socket: Socket): Promise<void> =>
  new Promise(resolve => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
