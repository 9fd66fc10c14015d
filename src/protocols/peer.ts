import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/**
 * Who is at the other end, as far as the system tells: another machine by its address, a program of this machine by its user (proc(5),
 * /proc/net/tcp). A Unix socket is its owner's alone: all who come are one.
 */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return 'this socket';
  const address = remoteAddress.replace(/^::ffff:/, '');
  if (!address.startsWith('127.') && address !== '::1') return address;
  const user = remotePort === undefined ? null : userOf(remotePort);
  return user === null ? 'this machine' : `user ${user}`;
}

const LOCAL_PORT = 1;
const USER = 7;

/** The user who has a socket of this machine with this port; null where the system does not tell. */
function userOf(port: number): string | null {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of linesOf(file)) {
      const fields = line.trim().split(/\s+/);
      if (fields[LOCAL_PORT]?.endsWith(wanted)) return fields[USER] ?? null;
    }
  }
  return null;
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return []; // no Linux, no descriptor left
  }
}
