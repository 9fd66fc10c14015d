import { setTimeout as sleep } from 'node:timers/promises';
import { TPM_HEADER_BYTES } from '../../spec/index.ts';
import { Mutex } from '../mutex.ts';
import { type Backend, BackendError } from './backend.ts';
import { type Link, tpmResponse } from './link.ts';

/** TPM commands and responses as they are, one after the other on a byte stream: swtpm's data channel. */
export class StreamBackend implements Backend {
  readonly name: string;
  protected readonly timeoutMs: number;
  readonly #link: () => Promise<Link>;
  readonly #mutex = new Mutex();

  constructor(name: string, link: () => Promise<Link>, timeoutMs: number) {
    this.name = name;
    this.#link = link;
    this.timeoutMs = timeoutMs;
  }

  transmit(command: Uint8Array): Promise<Uint8Array> {
    return this.exclusive(async () => {
      if (command.length < TPM_HEADER_BYTES) throw new BackendError('garbage', `${this.name} takes no command shorter than its header`);
      const link = await this.#link();
      return link.request(command, received => tpmResponse(received), this.timeoutMs);
    });
  }

  protected exclusive<T>(body: () => Promise<T>): Promise<T> {
    return this.#mutex.run(body);
  }

  async pause(ms: number): Promise<void> {
    await sleep(ms);
  }

  async close(): Promise<void> {}
}
