import { concat, getU32, setU32, utf8 } from '../../bytes/index.ts';

/** A file that QEMU gives firmware. */
export interface FwCfgFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** RAM, for the DMA interface. */
export interface FwCfgMemory {
  read(address: number, length: number): Promise<Uint8Array>;
  write(address: number, bytes: Uint8Array): Promise<void>;
}

export const FW_CFG_PORTS = { selector: 0x510, data: 0x511, dma: 0x514, dmaEnd: 0x51c } as const;
const KEY = { signature: 0x00, id: 0x01, directory: 0x19, firstFile: 0x20 } as const;
/** The write channel (14) and what belongs to the architecture (15). */
const KEY_MASK = 0x3fff;
const ARCHITECTURE = 0x8000;
const FILES = 0x20;
const NAME_BYTES = 56;
const CONTROL = { error: 1, read: 2, skip: 4, select: 8, write: 16 } as const;
const HAS_DMA = 2;
const TRADITIONAL = 1;
const SIGNATURE = utf8('QEMU CFG');
const NOTHING = new Uint8Array(0);
const ACCESS_BYTES = 16;

/** What is to be restored of it. */
export interface FwCfgState {
  readonly key: number;
  readonly place: number;
  readonly dma: number;
}

/** QEMU's fw_cfg (hw/nvram/fw_cfg.c, docs/specs/fw_cfg.rst): numbered items, files among them, byte after byte. */
export class FwCfg {
  readonly #items = new Map<number, Uint8Array>();
  readonly #memory: FwCfgMemory;
  /** Sorted by name; the key of a file is its place. */
  readonly files: readonly (FwCfgFile & { readonly key: number })[];
  #key = KEY.signature as number;
  #place = 0;
  #dma = 0;

  constructor(files: readonly FwCfgFile[], memory: FwCfgMemory) {
    this.#memory = memory;
    this.files = [...files].sort((a, b) => (a.name < b.name ? -1 : 1)).map((file, i) => ({ ...file, key: KEY.firstFile + i }));
    this.#items.set(KEY.signature, SIGNATURE.subarray(0, 4));
    this.#items.set(KEY.id, Uint8Array.of(TRADITIONAL | HAS_DMA, 0, 0, 0));
    this.#items.set(KEY.directory, directory(this.files));
    for (const { key, content } of this.files) this.#items.set(key, content);
  }

  file(name: string): (FwCfgFile & { readonly key: number }) | undefined {
    return this.files.find(file => file.name === name);
  }

  select(key: number): void {
    this.#key = key;
    this.#place = 0;
  }

  /** Past the end of an item, and where no item is, there are zeros. */
  next(): number {
    return this.#item[this.#place++] ?? 0;
  }

  get #item(): Uint8Array {
    const known = (this.#key & ARCHITECTURE) === 0 && (this.#key & KEY_MASK) < KEY.firstFile + FILES;
    return (known && this.#items.get(this.#key & KEY_MASK)) || NOTHING;
  }

  // --- the ports of a PC. The selector takes 16 bits, the data port one byte.

  readPort(port: number, size: number): number {
    if (port < FW_CFG_PORTS.dma) return size === 1 ? this.next() : 0;
    const at = port - FW_CFG_PORTS.dma;
    return [...SIGNATURE.subarray(at, at + size)].reduceRight((value, byte) => value * 256 + byte, 0);
  }

  async writePort(port: number, size: number, value: number): Promise<void> {
    if (port < FW_CFG_PORTS.dma) {
      if (size === 2) this.select(value);
      return; // the data port takes no write
    }
    if (size !== 4 || (port - FW_CFG_PORTS.dma) % 4 !== 0) return;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    if (port === FW_CFG_PORTS.dma) this.#dma = getU32(bytes, 0) * 2 ** 32;
    else await this.#transfer(this.#dma + getU32(bytes, 0));
  }

  /** The structure says what to do: control, length, address; what became of it is put into control. */
  async #transfer(at: number): Promise<void> {
    this.#dma = 0;
    const access = await this.#memory.read(at, ACCESS_BYTES);
    const control = getU32(access, 0);
    const length = getU32(access, 4);
    const address = getU32(access, 8) * 2 ** 32 + getU32(access, 12);
    if (control & CONTROL.select) this.select(control >>> 16);
    const left = Math.max(0, this.#item.length - this.#place);
    let result = 0;
    if (control & CONTROL.read) {
      const content = this.#item.subarray(this.#place, this.#place + length);
      await this.#memory.write(address, content);
      await this.#zeros(address + content.length, length - content.length);
      this.#place += Math.min(length, left);
    } else if (control & CONTROL.write) {
      // No file that a TPM brings can be written.
      if (length > 0) result = CONTROL.error;
    } else if (control & CONTROL.skip) this.#place += Math.min(length, left);
    const written = new Uint8Array(4);
    setU32(written, 0, result);
    await this.#memory.write(at, written);
  }

  async #zeros(address: number, count: number): Promise<void> {
    for (let at = 0; at < count; at += ZEROS.length) await this.#memory.write(address + at, ZEROS.subarray(0, count - at));
  }

  snapshot(): FwCfgState {
    return { key: this.#key, place: this.#place, dma: this.#dma };
  }

  restore({ key, place, dma }: FwCfgState): void {
    this.#key = key;
    this.#place = place;
    this.#dma = dma;
  }
}

const ZEROS = new Uint8Array(0x10000);

/** Count, then for each file size, key, two bytes of padding, name. */
function directory(files: readonly { readonly name: string; readonly key: number; readonly content: Uint8Array }[]): Uint8Array {
  const count = new Uint8Array(4);
  setU32(count, 0, files.length);
  const entries = files.map(({ name, key, content }) => {
    const entry = new Uint8Array(8 + NAME_BYTES);
    setU32(entry, 0, content.length);
    entry.set([key >> 8, key & 0xff], 4);
    entry.set(utf8(name).subarray(0, NAME_BYTES - 1), 8);
    return entry;
  });
  return concat(count, ...entries);
}
