import { connect, type Socket } from 'node:net';
import { type Address, addressText } from '../../protocols/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { BackendError } from './backend.ts';
import { Link } from './link.ts';

/** @throws {BackendError} `dead` or `timeout`. */
export function openLink(address: Address, name: string, timeoutMs: number): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect('path' in address ? { path: address.path } : { host: address.host, port: address.port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new BackendError('timeout', `${name}: no connection to ${addressText(address)} within ${timeoutMs} ms`));
    }, timeoutMs);
    const refused = (cause: Error) => {
      clearTimeout(timer);
      reject(new BackendError('dead', `${name}: ${cause.message || `cannot connect to ${addressText(address)}`}`, cause));
    };
    socket.once('error', refused);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', refused);
      socket.setNoDelay(true); // small writes would cost 40 ms each (docs/reference/tpm.md#protocol-of-the-simulator)
      resolve(new Link(socket, name));
    });
  });
}

/** A link that is made again when the last one failed: the TPM at the other end may have come back. */
export class Reconnecting {
  readonly #connect: () => Promise<Link>;
  #link: Link | null = null;

  constructor(connect: () => Promise<Link>) {
    this.#connect = connect;
  }

  async link(): Promise<Link> {
    if (!this.#link?.usable) this.#link = await this.#connect();
    return this.#link;
  }

  close(): void {
    this.#link?.close();
    this.#link = null;
  }
}

/** The first connection: if it cannot be had, the person should be told what to do. */
export async function firstContact<T>(what: string, hint: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    if (!(cause instanceof BackendError)) throw cause;
    throw new SimulatorError('tpmrm.unreachable', { what: `${what}: ${cause.message}`, hint, blame: 'environment', cause });
  }
}
