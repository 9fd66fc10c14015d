import { hypercall } from '../hypercall.ts';
import { r } from '../registers.ts';

const NO_UNIT = 'no device on the VIO bus has this unit address';
const NO_TABLE = 'no device has this table, or the address lies outside its window';
const VIO = 'QEMU hw/ppc/spapr_vio.c; PAPR+ 17.2';
const TCE = 'QEMU hw/ppc/spapr_iommu.c; PAPR+ 14.5.3';

export const H_REG_CRQ = hypercall({
  number: 0xfc,
  name: 'H_REG_CRQ',
  provider: 'qemu',
  counts: { in: 4, out: 1 },
  source: VIO,
  about: 'Registers the queue in which a device on the VIO bus answers.',
  in: { unit: r(4, 'unit address'), queue: r(5, 'I/O address'), length: r(6, 'bytes') },
  out: {},
  returns: {
    H_PARAMETER: `${NO_UNIT}; length below 4 KiB or above 256 MiB; queue is not aligned to 4 KiB`,
    H_NOT_FOUND: 'the device has no queue',
    H_RESOURCE: 'a queue is registered already',
  },
});

export const H_FREE_CRQ = hypercall({
  number: 0x100,
  name: 'H_FREE_CRQ',
  provider: 'qemu',
  counts: { in: 2, out: 1 },
  source: VIO,
  about: 'Takes the queue away; without one it does nothing.',
  in: { unit: r(4, 'unit address') },
  out: {},
  returns: { H_PARAMETER: NO_UNIT },
});

export const H_VIO_SIGNAL = hypercall({
  number: 0x104,
  name: 'H_VIO_SIGNAL',
  provider: 'qemu',
  counts: { in: 3, out: 1 },
  source: VIO,
  about: "Switches the device's interrupts on and off.",
  in: { unit: r(4, 'unit address'), mode: r(5, 'flags') },
  out: {},
  returns: { H_PARAMETER: `${NO_UNIT}; mode has a bit that the device does not know` },
});

export const H_SEND_CRQ = hypercall({
  number: 0x108,
  name: 'H_SEND_CRQ',
  provider: 'qemu',
  counts: { in: 4, out: 1 },
  source: `${VIO}; for the vTPM hw/tpm/tpm_spapr.c`,
  about: 'Sends a message of 16 bytes to a device on the VIO bus. The answer comes by the queue.',
  in: { unit: r(4, 'unit address'), word0: r(5, 'flags'), word1: r(6, 'flags') },
  out: {},
  returns: { H_PARAMETER: NO_UNIT, H_BUSY: 'the vTPM has a command that runs', H_HARDWARE: 'the device has no queue' },
});

export const H_ENABLE_CRQ = hypercall({
  number: 0x2b0,
  name: 'H_ENABLE_CRQ',
  provider: 'qemu',
  counts: { in: 2, out: 1 },
  source: VIO,
  about: 'Enables the queue again after a partition was moved; here it always is.',
  in: { unit: r(4, 'unit address') },
  out: {},
  returns: { H_PARAMETER: NO_UNIT },
});

export const H_PUT_TCE = hypercall({
  number: 0x20,
  name: 'H_PUT_TCE',
  provider: 'qemu',
  counts: { in: 4, out: 1 },
  source: TCE,
  about: 'Maps a page of 4 KiB of guest memory for a device, or takes the mapping away.',
  in: { liobn: r(4, 'unit address'), ioba: r(5, 'I/O address'), tce: r(6, 'gpa and flags') },
  out: {},
  returns: { H_PARAMETER: NO_TABLE },
});

export const H_STUFF_TCE = hypercall({
  number: 0x138,
  name: 'H_STUFF_TCE',
  provider: 'qemu',
  counts: { in: 5, out: 1 },
  source: TCE,
  about: 'Maps pages of 4 KiB one after the other in the same way; with 0 takes their mappings away.',
  in: { liobn: r(4, 'unit address'), ioba: r(5, 'I/O address'), tce: r(6, 'gpa and flags'), npages: r(7, 'pages') },
  out: {},
  returns: { H_PARAMETER: `${NO_TABLE}; npages is 0, or more than the window has` },
});

export const H_PUT_TCE_INDIRECT = hypercall({
  number: 0x13c,
  name: 'H_PUT_TCE_INDIRECT',
  provider: 'qemu',
  counts: { in: 5, out: 1 },
  source: TCE,
  about: 'Maps pages of 4 KiB one after the other, each by a word of a list in guest memory.',
  in: { liobn: r(4, 'unit address'), ioba: r(5, 'I/O address'), tce_list: r(6, 'gpa'), npages: r(7, 'pages') },
  out: {},
  returns: { H_PARAMETER: `${NO_TABLE}; npages is 0 or above 512; tce_list is not aligned to 4 KiB` },
});

export const H_GET_TCE = hypercall({
  number: 0x1c,
  name: 'H_GET_TCE',
  provider: 'qemu',
  counts: { in: 3, out: 2 },
  source: TCE,
  about: 'Tells how a page is mapped for a device.',
  in: { liobn: r(4, 'unit address'), ioba: r(5, 'I/O address') },
  out: { tce: r(4, 'gpa and flags') },
  returns: { H_PARAMETER: NO_TABLE },
});
