import { closeSync, writeSync } from 'node:fs';
import { openFresh, PRIVATE, SimulatorError } from '../../sim/index.ts';
import { pcapngHead, pcapngPacket } from './pcapng.ts';
import { TcpConnection } from './tcp.ts';
import { FIRST_CLIENT_PORT, TPM_PORT } from './write-capture.ts';

const [CLIENT, TPM] = ['10.0.0.1', '10.0.0.2'];

/**
 * Commands and responses as they happen, in a pcapng file that can be read at any time, also after the program was killed. Each client
 * is a TCP connection of its own to the port at which Wireshark expects a TPM.
 */
export class LiveCapture {
  readonly #file: string;
  readonly #fd: number;
  readonly #connections = new Map<number, TcpConnection>();

  /** @throws {SimulatorError} `trace.unwritable`. */
  constructor(file: string, application: string) {
    this.#file = file;
    this.#fd = this.#try(() => openFresh(file, PRIVATE));
    const names = new Map([
      [CLIENT, 'client'],
      [TPM, 'tpm'],
    ]);
    this.#write(pcapngHead(application, names, 'commands and responses without the frames around them'));
  }

  /**
   * @param timeNs since 1970.
   * @throws {SimulatorError} `trace.unwritable`.
   */
  exchange({ client, command, response }: { client: number; command: Uint8Array; response: Uint8Array }, timeNs: bigint): void {
    this.message(client, 0, command, timeNs);
    this.message(client, 1, response, timeNs);
  }

  /** A message of a client (0) or to it (1). */
  message(client: number, from: 0 | 1, bytes: Uint8Array, timeNs: bigint): void {
    const connection = this.#connections.get(client) ?? this.#open(client, timeNs);
    this.#write(pcapngPacket({ timeNs, bytes: connection.send(from, bytes) }));
  }

  #open(client: number, timeNs: bigint): TcpConnection {
    const port = FIRST_CLIENT_PORT + (client % (0x10000 - FIRST_CLIENT_PORT));
    const connection = new TcpConnection({ address: CLIENT, port }, { address: TPM, port: TPM_PORT });
    this.#connections.set(client, connection);
    for (const bytes of connection.open()) this.#write(pcapngPacket({ timeNs, bytes }));
    return connection;
  }

  #write(bytes: Uint8Array): void {
    this.#try(() => {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    });
  }

  #try<T>(body: () => T): T {
    try {
      return body();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === undefined) throw cause;
      throw new SimulatorError('trace.unwritable', {
        where: this.#file,
        what: `the capture cannot be written: ${code}`,
        blame: 'environment',
        cause,
      });
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
