import { SimulatorError } from '../sim/index.ts';

export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export const addressText = (address: Address): string => ('path' in address ? address.path : `${address.host}:${address.port}`);

const LOOPBACK = '127.0.0.1';
const FORMS = 'Write unix:/run/tpmrm.sock, tcp:2321 (this machine only) or tcp:HOST:PORT; port 0 takes any that is free.';

/**
 * `unix:PATH`, `tcp:PORT` or `tcp:HOST:PORT`. Without a host only this machine can connect.
 * @throws {SimulatorError} `tpmrm.listen`.
 */
export function parseListenAddress(text: string, where = '--listen'): Address {
  const [, path] = /^unix:(.+)$/s.exec(text) ?? [];
  if (path !== undefined) return { path };
  const [, host, digits] = /^tcp:(?:(\[[^\]]+\]|[^:]+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== undefined && port <= 65535) return { host: host?.replace(/^\[|\]$/g, '') ?? LOOPBACK, port };
  throw new SimulatorError('tpmrm.listen', { where, what: `"${text}" is no place to listen`, hint: FORMS });
}

/** An address as a person writes it, and whether only programs of this machine can connect to it. */
export function showAddress(address: Address): { readonly text: string; readonly address: Address; readonly local: boolean } {
  if ('path' in address) return { text: `unix:${address.path}`, address, local: true };
  const { host } = address;
  const local = host === 'localhost' || host === '::1' || host.startsWith('127.');
  return { text: `tcp:${addressText(host.includes(':') ? { ...address, host: `[${host}]` } : address)}`, address, local };
}
