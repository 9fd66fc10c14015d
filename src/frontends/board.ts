import { AmlDevice, type AmlValue, uuid } from './acpi/aml.ts';
import { type AcpiImage, acpiImage, LOG_FILE, loaderFile, logBytes, RSDP_FILE, TABLES_FILE } from './acpi/tables.ts';
import { PPI, type TpmDescription } from './acpi/tpm-device.ts';
import type { FrontendBackend, Refused, Say, TpmBlobs } from './backend/backend.ts';
import type { BoardDefinition } from './boards.ts';
import { Bus, littleEndian, memoryRegion } from './bus.ts';
import type { CrbQuirks } from './crb/registers.ts';
import { CrbDevice } from './crb/tpm-crb.ts';
import { FW_CFG_PORTS, FwCfg, type FwCfgFile, type FwCfgState } from './firmware/fw-cfg.ts';
import { loadTables } from './firmware/table-loader.ts';
import type { I2cDevice, TpmDevice } from './frontend.ts';
import { I2cTis } from './i2c/tpm-tis-i2c.ts';
import { Ram } from './ram.ts';
import { MappedTis } from './tis/tpm-tis.ts';

export interface BoardTpm {
  readonly model: string;
  readonly backend: FrontendBackend;
  /** Default: 5. */
  readonly irq?: number;
  /** Default: on where the board has it. */
  readonly ppi?: boolean;
  /** On an I2C bus. */
  readonly address?: number;
  readonly crb?: CrbQuirks;
}

export interface BoardOptions {
  readonly ramBytes?: number;
  /** A machine type from before the PPI: `pc-q35-3.0`. */
  readonly old?: boolean;
  readonly tpm?: BoardTpm;
  readonly incoming?: boolean;
  /** The TPM's line rises or falls. A state that is loaded does not move it. */
  onIrq?(raised: boolean, input: number): void;
  /** What QEMU prints of its own accord. */
  readonly print?: Say;
}

const RAM_BYTES = 64 << 20;
const DEFAULT_IRQ = 5;
const DEFAULT_I2C_ADDRESS = 0x2e;
const PPI_VERSION_1_30 = 1;
const CLEAR_MEMORY = 1;
const TPM_VERSION = { '1.2': 1, '2.0': 2 } as const;

export interface BoardState {
  readonly ram: ReadonlyMap<number, Uint8Array>;
  readonly ppi: Uint8Array | null;
  readonly fwCfg: FwCfgState | null;
  readonly device: unknown;
  readonly model: string | null;
  readonly version: '1.2' | '2.0' | null;
}

/** What travels: the board's own memory and registers, and the TPM's state where it can leave. */
export interface Outgoing {
  readonly board: BoardState;
  readonly blobs: TpmBlobs | null;
}

/** A machine as far as a TPM reaches: RAM, memory bus, ports, fw_cfg, ACPI. No processor. */
export class Board {
  readonly definition: BoardDefinition;
  readonly ram: Ram;
  readonly bus = new Bus();
  readonly device: (TpmDevice & Partial<I2cDevice>) | null;
  readonly fwCfg: FwCfg | null = null;
  readonly acpi: AcpiImage | null;
  readonly #tpm: BoardTpm | null;
  readonly #ppi: Uint8Array | null;
  readonly #dsm: AmlDevice | null;

  private constructor(definition: BoardDefinition, options: BoardOptions) {
    this.definition = definition;
    this.#tpm = options.tpm ?? null;
    this.ram = new Ram(options.ramBytes ?? RAM_BYTES);
    this.bus.map(this.ram.region);
    this.device = this.#tpm && deviceOf(definition, this.#tpm, options);
    for (const region of this.device?.regions ?? []) this.bus.map(region);
    const hasPpi = this.#tpm !== null && definition.ppi !== null && (this.#tpm.ppi ?? options.old !== true);
    this.#ppi = hasPpi ? new Uint8Array(PPI.bytes) : null;
    if (this.#ppi && definition.ppi !== null) this.bus.map(memoryRegion('tpm-ppi', definition.ppi, this.#ppi));
    const description = this.#describe();
    this.acpi = acpiImage(definition, description, options.old === true);
    this.#dsm = this.acpi?.device ? new AmlDevice(this.acpi.device.aml, this.#ppiMemory()) : null;
    const memory = {
      read: (at: number, length: number) => this.bus.read(at, length),
      write: (at: number, bytes: Uint8Array) => this.bus.write(at, bytes),
    };
    if (definition.fwCfg) this.fwCfg = new FwCfg(filesOf(definition, description, this.acpi), memory);
  }

  /** Switches a machine on. Refused where QEMU ends. */
  static async start(definition: BoardDefinition, options: BoardOptions): Promise<Board | Refused> {
    const board = new Board(definition, options);
    const refused = await board.device?.reset(options.incoming ? 'incoming' : 'cold');
    return refused ?? board;
  }

  /** The tables as they lie in memory once firmware has carried out the loader's commands; several of a signature: the first. */
  acpiTables(): ReadonlyMap<string, Uint8Array> {
    return this.acpi ? loadTables(this.acpi) : new Map();
  }

  get ppi(): Uint8Array | null {
    return this.#ppi;
  }

  get tpm(): BoardTpm | null {
    return this.#tpm;
  }

  #describe(): TpmDescription | null {
    const { definition } = this;
    if (!this.#tpm || !isDescribed(this.#tpm.model)) return null;
    return { model: this.#tpm.model, version: this.#tpm.backend.version, base: definition.base, ppi: this.#ppi ? definition.ppi : null };
  }

  #ppiMemory() {
    const page = this.definition.ppi ?? 0;
    return {
      read: (address: number) => this.#ppi?.[address - page] ?? 0,
      write: (address: number, value: number) => {
        if (this.#ppi && address >= page) this.#ppi[address - page] = value;
      },
    };
  }

  /** `_DSM` of the TPM's device. Null: no object at all. */
  dsm(which: string, revision: number, function_: number, args: readonly number[]): AmlValue {
    return this.#dsm?.call('_DSM', uuid(which).value(undefined as never), revision, function_, [...args]) ?? null;
  }

  async read(address: number, size: number): Promise<bigint> {
    return (await this.bus.read(address, size)).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  async write(address: number, size: number, value: bigint): Promise<void> {
    await this.bus.write(
      address,
      Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)),
    );
  }

  // --- I/O ports, as far as fw_cfg reaches. Where nobody is, reads give ones.

  async in(port: number, size: number): Promise<number> {
    const bytes: number[] = [];
    for (let at = 0; at < size; ) {
      const piece = portPiece(port + at, size - at);
      const value = this.#hasPort(port + at) ? (this.fwCfg?.readPort(port + at, piece) ?? 0) : 2 ** (8 * piece) - 1;
      for (let i = 0; i < piece; i++) bytes.push((value >>> (8 * i)) & 0xff);
      at += piece;
    }
    return littleEndian(Uint8Array.from(bytes));
  }

  async out(port: number, size: number, value: number): Promise<void> {
    for (let at = 0; at < size; ) {
      const piece = portPiece(port + at, size - at);
      if (this.#hasPort(port + at)) await this.fwCfg?.writePort(port + at, piece, Math.floor(value / 2 ** (8 * at)) % 2 ** (8 * piece));
      at += piece;
    }
  }

  #hasPort(port: number): boolean {
    if (!this.fwCfg || !this.definition.fwCfg?.ports) return false;
    return port === FW_CFG_PORTS.selector || port === FW_CFG_PORTS.data || (port >= FW_CFG_PORTS.dma && port < FW_CFG_PORTS.dmaEnd);
  }

  /** system_reset: waits for a running command, with everything. Firmware's request to clear memory is carried out here. */
  async reset(): Promise<Refused | null> {
    if (((this.#ppi?.[PPI.movv] ?? 0) & CLEAR_MEMORY) !== 0) this.ram.clear();
    this.fwCfg?.select(0);
    return (await this.device?.reset('cold')) ?? null;
  }

  // --- save and restore

  /** A state for another machine. RAM goes first: what the TPM answers while the machine stops is in it where it is a register's. */
  async save(): Promise<Outgoing | Refused> {
    const { device } = this;
    const before = device instanceof CrbDevice ? device.memory.slice() : null;
    await device?.finish();
    const state = this.snapshot();
    const board = before ? { ...state, device: { ...(state.device as object), memory: before } } : state;
    const saved = (await this.#tpm?.backend.state?.save()) ?? null;
    return saved && 'refused' in saved ? saved : { board, blobs: saved };
  }

  /** A state of another machine: memory, then the TPM, then the device. Refused where QEMU ends. */
  async load({ board, blobs }: Outgoing): Promise<Refused | null> {
    const model = this.#tpm?.model ?? null;
    if (board.model === 'tpm-crb' && model !== 'tpm-crb') return { refused: unknownMemory('tpm-crb-cmd') };
    if (board.ppi && !this.#ppi) return { refused: unknownMemory('tpm-ppi') };
    const refused = blobs ? await this.#tpm?.backend.state?.load(blobs) : null;
    if (refused) return { refused: [...refused.refused, ...tpmFailed] };
    if (board.model !== model) return { refused: otherDevice(board.model) };
    this.restore(board);
    return null;
  }

  snapshot(): BoardState {
    return {
      ram: this.ram.snapshot(),
      ppi: this.#ppi?.slice() ?? null,
      fwCfg: this.fwCfg?.snapshot() ?? null,
      device: this.device?.snapshot() ?? null,
      model: this.#tpm?.model ?? null,
      version: this.#tpm?.backend.version ?? null,
    };
  }

  restore({ ram, ppi, fwCfg, device }: BoardState): void {
    this.ram.restore(ram);
    if (ppi) this.#ppi?.set(ppi);
    if (fwCfg) this.fwCfg?.restore(fwCfg);
    if (device) this.device?.restore(device);
  }
}

/** What QEMU prints where a state does not fit (QEMU migration/ram.c, migration/savevm.c). */
const CANNOT_LOAD = 'load of migration failed: Invalid argument';
const otherDevice = (model: string | null): readonly string[] => [
  `Unknown savevm section or instance '${model ?? 'none'}' 0. Make sure that your current VM setup matches your saved VM setup, including any hotplugged devices`,
  CANNOT_LOAD,
];
const unknownMemory = (block: string): readonly string[] => [
  `Unknown ramblock "${block}", cannot accept migration`,
  "error while loading state for instance 0x0 of device 'ram'",
  CANNOT_LOAD,
];
const tpmFailed: readonly string[] = [
  "error while loading state for instance 0x0 of device 'tpm-emulator'",
  'load of migration failed: Input/output error',
];

const isDescribed = (model: string): model is TpmDescription['model'] =>
  model === 'tpm-tis' || model === 'tpm-crb' || model === 'tpm-tis-device';

const portPiece = (port: number, left: number): number => [4, 2, 1].find(size => size <= left && port % size === 0) ?? 1;

function deviceOf(definition: BoardDefinition, tpm: BoardTpm, { onIrq, print }: BoardOptions): TpmDevice & Partial<I2cDevice> {
  const irq = tpm.irq ?? DEFAULT_IRQ;
  let level = false;
  const around = {
    backend: tpm.backend,
    irq,
    setIrq(raised: boolean) {
      if (raised !== level) onIrq?.(raised, irq);
      level = raised;
    },
    print: (line: string) => print?.(line),
  };
  switch (tpm.model) {
    case 'tpm-crb':
      return new CrbDevice(around, tpm.crb);
    case 'tpm-tis-i2c':
      return new I2cTis(around, tpm.address ?? DEFAULT_I2C_ADDRESS);
    default:
      return new MappedTis(around, definition.base);
  }
}

/** What firmware finds in fw_cfg: the board's own files, those of ACPI, and those of the TPM. */
function filesOf(definition: BoardDefinition, tpm: TpmDescription | null, image: AcpiImage | null): FwCfgFile[] {
  const files: FwCfgFile[] = Object.entries(definition.fwCfg?.files ?? {}).map(([name, bytes]) => ({
    name,
    content: new Uint8Array(bytes),
  }));
  if (!image || !definition.acpi) return files;
  const { loader, round } = definition.acpi;
  const own = logBytes(definition, tpm) > 0 ? round : 0;
  const loaderBytes = loader > 0 ? loader + own : round;
  files.push(
    { name: TABLES_FILE, content: image.tables },
    { name: RSDP_FILE, content: image.rsdp },
    { name: 'etc/table-loader', content: loaderFile(image.loader, loaderBytes) },
    { name: LOG_FILE, content: new Uint8Array(logBytes(definition, tpm)) },
  );
  if (tpm?.ppi) files.push({ name: 'etc/tpm/config', content: configOf(tpm.ppi, tpm.version) });
  return files;
}

/** Address of the page, version of the TPM, version of the interface (QEMU hw/acpi/tpm.c, FwCfgTPMConfig). */
function configOf(page: number, version: '1.2' | '2.0'): Uint8Array {
  const content = new Uint8Array(6);
  new DataView(content.buffer).setUint32(0, page, true);
  content.set([TPM_VERSION[version], PPI_VERSION_1_30], 4);
  return content;
}
