import type { Frontend, Surroundings, TpmDevice } from '../frontend.ts';
import { readTis, TIS_REGISTERS, writeTis } from './registers.ts';
import { LOCALITIES, Tis, type TisSnapshot } from './tis.ts';

export const TIS_BYTES = 0x5000;
const SOURCE = 'QEMU hw/tpm/tpm_tis_common.c; TCG PC Client Platform TPM Profile, FIFO interface';

export const tpmTis: Frontend = {
  model: 'tpm-tis',
  bus: 'isa',
  about: 'FIFO interface on the ISA bus of a PC, at 0xfed40000.',
  source: `${SOURCE}; hw/tpm/tpm_tis_isa.c`,
  registers: TIS_REGISTERS,
  localities: LOCALITIES,
};

export const tpmTisDevice: Frontend = {
  model: 'tpm-tis-device',
  bus: 'platform',
  about: 'The same registers on the platform bus of the aarch64 machine virt.',
  source: `${SOURCE}; hw/tpm/tpm_tis_sysbus.c`,
  registers: TIS_REGISTERS,
  localities: LOCALITIES,
};

/** A TIS in guest-physical memory. */
export class MappedTis implements TpmDevice<TisSnapshot> {
  readonly tis: Tis;
  readonly regions;

  constructor(around: Surroundings, base: number) {
    const tis = new Tis(around);
    this.tis = tis;
    this.regions = [
      {
        name: 'tpm-tis-mmio',
        base,
        bytes: TIS_BYTES,
        read: (offset: number, size: number) => readTis(tis, offset, size),
        write: (offset: number, size: number, value: number) => writeTis(tis, offset, size, value),
      },
    ];
  }

  get busy() {
    return this.tis.busy;
  }

  reset(how: 'cold' | 'incoming') {
    return this.tis.reset(how);
  }

  finish() {
    return this.tis.finish();
  }

  snapshot() {
    return this.tis.snapshot();
  }

  restore(state: TisSnapshot) {
    this.tis.restore(state);
  }
}
