import { connect, type Socket } from 'node:net';
import { concat, DecodeError, decode, encode, hex, utf8 } from '../bytes/index.ts';
import {
  type Body,
  bodyOf,
  HEADER_BYTES,
  MESSAGE_LIMIT,
  MESSAGES,
  type Message,
  type MessageName,
  messageName,
  REFUSAL,
} from './protocol.ts';

/** The firmware is gone, does not answer, or does not keep to the protocol. One sentence. */
export class LinkBroken extends Error {}

/** Wall time that an answer may take. */
export const DEFAULT_PATIENCE_MS = 10_000;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What a request of the firmware is answered with. */
export type Reply = readonly [name: MessageName, body: Body<MessageName>] | null;
/** Does what the firmware asks for. */
export type Serve = (message: Message) => Promise<Reply>;

/** A refusal, with what was wrong. */
export const refusal = (code: keyof typeof REFUSAL, why: string): Reply => ['REFUSED', { code: REFUSAL[code], text: utf8(why) }];

/** The wire to a firmware: messages both ways, one call at a time, calls within calls. */
export class FirmwareLink {
  readonly #socket: Socket;
  readonly #patienceMs: number;
  #pending: Uint8Array[] = [];
  #buffered = 0;
  #ended: string | null = null;
  #wake: (() => void) | null = null;
  #nextId = 1;
  /** A call was left in its midst: what the firmware says of it means nothing any more. */
  #abandoned = false;

  constructor(socket: Socket, patienceMs = DEFAULT_PATIENCE_MS) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    const ended = (why: string) => () => {
      this.#ended ??= why;
      this.#wake?.();
    };
    socket.on('data', bytes => {
      this.#pending.push(bytes);
      this.#buffered += bytes.length;
      this.#wake?.();
    });
    socket.on('end', ended('it hung up'));
    socket.on('close', ended('it hung up'));
    socket.on('error', error => ended(`the connection broke: ${error.message}`)());
  }

  /** Connects to a firmware that listens. @throws {LinkBroken} */
  static async connect(path: string, patienceMs?: number): Promise<FirmwareLink> {
    const socket = connect({ path });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', error => reject(new LinkBroken(`nobody listens at unix:${path}: ${error.message}`)));
    });
    return new FirmwareLink(socket, patienceMs);
  }

  /**
   * Sends a message and waits for its answer; what the firmware asks for meanwhile is served.
   * @throws {LinkBroken}
   */
  async call<A extends MessageName>(name: MessageName, body: object, answer: A, serve: Serve): Promise<Body<A>> {
    if (this.#abandoned) await this.#startAnew();
    const id = this.#nextId++;
    this.#send(name, id, body);
    for (;;) {
      const came = await this.#receive(name);
      if (came.name === answer && came.id === id) return came.body as Body<A>;
      if (came.name === 'REFUSED') throw new LinkBroken(`it refused ${name}: ${text(came.body.text)}`);
      const declared = MESSAGES[came.name];
      if (declared.from !== 'firmware' || declared.type < MESSAGES.READ.type)
        return this.#reject(`${came.name} with id ${came.id} came, where ${answer} with id ${id} or a request was due`);
      const reply = await this.#served(serve, came);
      if (reply) this.#send(reply[0], came.id, reply[1]);
    }
  }

  async #served(serve: Serve, message: Message): Promise<Reply> {
    try {
      return await serve(message);
    } catch (halt) {
      this.#abandoned = true;
      throw halt;
    }
  }

  /** Tells the firmware that nobody waits for what it does, and passes over what it sent before it heard. */
  async #startAnew(): Promise<void> {
    this.#abandoned = false;
    this.#send('GONE', 0, {});
    for (;;) if ((await this.#receive('GONE')).name === 'GONE') return;
  }

  #send(name: MessageName, id: number, body: object): void {
    const inner = encode(bodyOf(name), body);
    const frame = new Uint8Array(HEADER_BYTES);
    const view = new DataView(frame.buffer);
    view.setUint32(0, HEADER_BYTES - 4 + inner.length);
    view.setUint8(4, MESSAGES[name].type);
    view.setUint32(5, id);
    if (!this.#socket.destroyed) this.#socket.write(concat(frame, inner));
  }

  /** The last word before the connection ends: what the firmware did wrong. */
  #reject(why: string): never {
    this.#send('REFUSED', 0, { code: REFUSAL.PROTOCOL, text: utf8(why) });
    this.close();
    throw new LinkBroken(`it broke the protocol: ${why}`);
  }

  async #receive(waitingFor: string): Promise<Message> {
    const header = await this.#take(HEADER_BYTES, waitingFor);
    const view = new DataView(header.buffer, header.byteOffset);
    const length = view.getUint32(0);
    const type = view.getUint8(4);
    const id = view.getUint32(5);
    if (length < HEADER_BYTES - 4 || length > MESSAGE_LIMIT)
      this.#reject(`a message of ${length} bytes (5 to ${MESSAGE_LIMIT} are allowed)`);
    const bytes = await this.#take(length - (HEADER_BYTES - 4), waitingFor);
    const name = messageName(type);
    if (!name) return this.#reject(`${hex(type)} is no type of message`);
    try {
      return { name, id, body: decode(bodyOf(name), bytes) };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#reject(`${name}: ${error.message}`);
    }
  }

  async #take(count: number, waitingFor: string): Promise<Uint8Array> {
    let timer: NodeJS.Timeout | undefined;
    let late = false;
    try {
      while (this.#buffered < count) {
        if (this.#ended) throw new LinkBroken(`${this.#ended} in the midst of ${waitingFor}`);
        if (late) throw new LinkBroken(`it gave no answer to ${waitingFor} within ${this.#patienceMs} ms`);
        await new Promise<void>(resolve => {
          this.#wake = resolve;
          timer ??= setTimeout(() => {
            late = true;
            this.#wake?.();
          }, this.#patienceMs);
        });
      }
    } finally {
      clearTimeout(timer);
    }
    const all = this.#pending.length === 1 && this.#pending[0] ? this.#pending[0] : concat(...this.#pending);
    this.#pending = all.length > count ? [all.subarray(count)] : [];
    this.#buffered -= count;
    return all.slice(0, count);
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }
}
