import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { concat, fromHex, toHex } from '../../src/bytes/index.ts';
import type { Address } from '../../src/protocols/index.ts';

/** One connection of a client that knows how long its answers are. */
export class Client {
  readonly socket: Socket;
  #received: Uint8Array = new Uint8Array(0);
  closed = false;

  constructor(address: Address) {
    this.socket = connect(address);
    this.socket.on('data', chunk => {
      this.#received = concat(this.#received, chunk);
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('error', () => {});
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === 'string' ? fromHex(bytes.replaceAll(' ', '')) : bytes);
  }

  /** The next bytes; fewer when the connection ended before. */
  async take(count: number): Promise<Uint8Array> {
    await until(() => this.#received.length >= count || this.closed, `${count} bytes; ${this.#received.length} came`);
    const taken = this.#received.slice(0, count);
    this.#received = this.#received.slice(taken.length);
    return taken;
  }

  /** A whole TPM response. */
  async response(): Promise<Uint8Array> {
    const head = await this.take(10);
    if (head.length < 10) return head;
    return concat(head, await this.take(new DataView(head.buffer).getUint32(2) - 10));
  }

  /** What comes until nothing more does. */
  async burst(): Promise<Uint8Array> {
    for (let before = 0; this.#received.length === 0 || this.#received.length > before; ) {
      before = this.#received.length;
      await until(() => this.#received.length > 0 || this.closed, 'an answer');
      if (this.closed) break;
      await sleep(20);
    }
    return this.take(this.#received.length);
  }

  async ask(bytes: Uint8Array | string, answerBytes?: number): Promise<string> {
    this.send(bytes);
    return toHex(await (answerBytes === undefined ? this.response() : this.take(answerBytes)));
  }

  end(): void {
    this.socket.destroy();
  }
}

export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waited = 0; waited < 5000; waited += 5) {
    if (holds()) return;
    await sleep(5);
  }
  throw new Error(`not within 5 s: ${what}`);
}
