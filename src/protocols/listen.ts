import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { SimulatorError } from '../sim/index.ts';
import { type Address, addressText } from './address.ts';

/**
 * Begins to listen; the address, with the port that was taken for port 0.
 * @throws {SimulatorError} `tpmrm.listen`.
 */
export async function listen(server: Server, address: Address): Promise<Address> {
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
  const bound = server.address();
  return 'path' in address || bound === null || typeof bound === 'string' ? address : { host: address.host, port: bound.port };
}

/** A socket that nobody listens on was left by a program that was killed. Anything else at this path is not ours to remove. */
export async function removeStale(path: string): Promise<void> {
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
