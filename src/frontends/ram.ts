import type { Region } from './bus.ts';

const PAGE = 4096;

/** RAM of a board: pages that were never written are zeros and cost nothing. */
export class Ram {
  readonly bytes: number;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  readByte(address: number): number {
    return this.#pages.get(Math.floor(address / PAGE))?.[address % PAGE] ?? 0;
  }

  writeByte(address: number, value: number): void {
    const number = Math.floor(address / PAGE);
    let page = this.#pages.get(number);
    if (!page) {
      page = new Uint8Array(PAGE);
      this.#pages.set(number, page);
    }
    page[address % PAGE] = value;
  }

  clear(): void {
    this.#pages.clear();
  }

  get region(): Region {
    return {
      name: 'ram',
      base: 0,
      bytes: this.bytes,
      read: (offset, size) => Array.from({ length: size }, (_, i) => this.readByte(offset + i) * 2 ** (8 * i)).reduce((a, b) => a + b, 0),
      write: (offset, size, value) => {
        for (let i = 0; i < size; i++) this.writeByte(offset + i, (value >>> (8 * i)) & 0xff);
      },
    };
  }

  snapshot(): ReadonlyMap<number, Uint8Array> {
    return new Map([...this.#pages].map(([number, page]) => [number, page.slice()]));
  }

  restore(pages: ReadonlyMap<number, Uint8Array>): void {
    this.#pages.clear();
    for (const [number, page] of pages) this.#pages.set(number, page.slice());
  }
}
