import type { Frontend, I2cDevice, Surroundings, TpmDevice } from '../frontend.ts';
import { type Register, registerTable } from '../register.ts';
import { readTis, writeTis } from '../tis/registers.ts';
import { LOCALITIES, Tis, type TisSnapshot } from '../tis/tis.ts';
import { crc16 } from './crc16.ts';

// TCG PC Client Platform TPM Profile, I2C interface; as QEMU 11.1 was observed (fixtures/observed/qemu-frontends.README.md).

/** A byte of a register. */
export interface I2cAccess {
  readonly byte: number;
}

type I2cRegister = Register<I2cTis, I2cAccess>;

/** STS without responseRetry, go, and what lies beyond burstCount. */
const STS_READABLE = 0x00ff_ffdd;
/** TIS interface over I2C, burst counts, localities 0 to 4, no interrupts (observed: QEMU 11.1). */
const INTERFACE_CAPABILITY = 0x0260_0082;
const ONES = 0xffff_ffff;
const SHIFT_OF_LOCALITY = 12;
const nobody = { writer: 'nobody', effect: '' } as const;

/** The register of the chosen locality that TIS has at this offset. */
const like = (name: string, offset: number, tisOffset: number, reset: number, readable = ONES): I2cRegister => ({
  name,
  offset,
  bytes: 4,
  reset,
  writer: 'active locality',
  effect: `TIS register 0x${tisOffset.toString(16).padStart(2, '0')} of the locality in LOC_SEL.`,
  read: async (device, { byte }) => ((await device.readTis(tisOffset + byte)) & (readable >>> (8 * byte)) & 0xff) >>> 0,
  write: (device, { byte }, value) => device.writeTis(tisOffset + byte, value),
});

const constant = (name: string, offset: number, value: number): I2cRegister => ({
  name,
  offset,
  bytes: 4,
  reset: value,
  ...nobody,
  read: (_, { byte }) => (value >>> (8 * byte)) & 0xff,
});

export const I2C_REGISTERS: readonly I2cRegister[] = [
  {
    name: 'LOC_SEL',
    offset: 0x00,
    bytes: 1,
    reset: 0,
    writer: 'anybody',
    effect: 'The locality that the other registers speak of; 0 to 4, others are ignored.',
    read: ({ selected }, { byte }) => (byte === 0 ? selected : 0),
    write(device, { byte }, value) {
      if (byte === 0 && value < LOCALITIES) device.selected = value;
    },
  },
  like('ACCESS', 0x04, 0x00, 0x81),
  { ...like('INT_ENABLE', 0x08, 0x08, 0x08), writer: 'nobody', effect: 'Loses everything that is written to it.', write: () => {} },
  constant('INT_CAPABILITY', 0x14, 0),
  like('STS', 0x18, 0x18, STS_READABLE, STS_READABLE),
  like('DATA_FIFO', 0x24, 0x24, ONES),
  constant('INTF_CAPABILITY', 0x30, INTERFACE_CAPABILITY),
  constant('DEV_ADDRESS', 0x38, ONES),
  {
    name: 'CSUM_ENABLE',
    offset: 0x40,
    bytes: 1,
    reset: 0,
    writer: 'anybody',
    effect: 'Keeps bit 0.',
    read: ({ checksum }, { byte }) => (byte === 0 ? checksum : 0),
    write(device, { byte }, value) {
      if (byte === 0) device.checksum = value & 1;
    },
  },
  {
    name: 'CSUM_GET',
    offset: 0x44,
    bytes: 2,
    reset: 0,
    ...nobody,
    read: ({ tis }, { byte }) => (byte > 1 ? 0 : (crc16(tis.buffer.subarray(0, tis.place)) >>> (8 * (1 - byte))) & 0xff),
  },
  like('DID_VID', 0x48, 0xf00, 0x0001_1014),
  like('RID', 0x4c, 0xf04, 1),
];

const byOffset = registerTable(I2C_REGISTERS);
const STS = 0x18;
const FIFO = 0x24;

export const tpmTisI2c: Frontend = {
  model: 'tpm-tis-i2c',
  bus: 'i2c',
  about: 'The registers of TIS under other numbers, on an I2C bus.',
  source: 'fixtures/observed/qemu-frontends.README.md; TCG PC Client Platform TPM Profile, I2C interface',
  registers: I2C_REGISTERS,
  localities: 1,
};

export interface I2cSnapshot {
  readonly tis: TisSnapshot;
  readonly selected: number;
  readonly checksum: number;
}

/** QEMU's tpm-tis-i2c: a register's number, then bytes from it or to it. */
export class I2cTis implements TpmDevice<I2cSnapshot>, I2cDevice {
  readonly address: number;
  readonly tis: Tis;
  readonly regions = [];
  selected = 0;
  checksum = 0;

  constructor(around: Surroundings, address: number) {
    this.tis = new Tis(around);
    this.address = address;
  }

  get busy(): boolean {
    return this.tis.busy;
  }

  readTis(offset: number): Promise<number> {
    return readTis(this.tis, (this.selected << SHIFT_OF_LOCALITY) + offset, 1);
  }

  writeTis(offset: number, value: number): Promise<void> {
    return writeTis(this.tis, (this.selected << SHIFT_OF_LOCALITY) + offset, 1, value);
  }

  /** The FIFO gives byte after byte; all other registers end after four. */
  async i2cRead(register: number, count: number): Promise<Uint8Array> {
    const out = new Uint8Array(count);
    const word = await this.#status(register, count);
    for (let i = 0; i < count; i++) {
      const at = register === FIFO ? 0 : (register % 4) + i;
      if (word) out[i] = word[at] ?? 0;
      else out[i] = at > 3 ? 0 : ((await byOffset.get(register & ~3)?.read(this, { byte: at })) ?? 0xff);
    }
    return out;
  }

  /** STS is read as a whole: burstCount's bytes belong together. */
  async #status(register: number, count: number): Promise<Uint8Array | null> {
    if ((register & ~3) !== STS || count < 1) return null;
    const value = (await readTis(this.tis, (this.selected << SHIFT_OF_LOCALITY) + STS, 4)) & STS_READABLE;
    return Uint8Array.from([0, 8, 16, 24], shift => (value >>> shift) & 0xff);
  }

  async i2cWrite(register: number, bytes: Uint8Array): Promise<void> {
    for (const [i, value] of bytes.entries()) {
      const byte = register === FIFO ? 0 : (register % 4) + i;
      if (byte < 4) await byOffset.get(register & ~3)?.write?.(this, { byte }, value);
    }
  }

  async reset(how: 'cold' | 'incoming') {
    this.selected = this.checksum = 0;
    return this.tis.reset(how);
  }

  finish() {
    return this.tis.finish();
  }

  snapshot(): I2cSnapshot {
    return { tis: this.tis.snapshot(), selected: this.selected, checksum: this.checksum };
  }

  restore({ tis, selected, checksum }: I2cSnapshot): void {
    this.tis.restore(tis);
    this.selected = selected;
    this.checksum = checksum;
  }
}
