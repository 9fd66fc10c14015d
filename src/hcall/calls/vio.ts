import { type HcallContext, hcall } from '../call.ts';
import { H } from '../codes.ts';
import type { TceTable } from '../devices/tce-table.ts';
import type { VioBus } from '../devices/vio-bus.ts';
import { r } from '../registers.ts';

const NO_UNIT = 'no device on the VIO bus has this unit address';
const NO_TABLE = 'no device has this table, or the address lies outside its window';
const SMALLEST_QUEUE = 0x1000n;
const LARGEST_QUEUE = 0x1000_0000n;
const ALIGNMENT = 0xfffn;
const TCE_BYTES = 0x1000n;
/** A list fills at most a page. */
const MOST_INDIRECT = 512n;
const VIO = 'QEMU hw/ppc/spapr_vio.c; PAPR+ 17.2';
const TCE = 'QEMU hw/ppc/spapr_iommu.c; PAPR+ 14.5.3';

const busOf = ({ hypervisor, partition }: HcallContext): VioBus | undefined => hypervisor.vio.get(partition.lpid);

export const H_REG_CRQ = hcall({
  number: 0xfc,
  name: 'H_REG_CRQ',
  provider: 'qemu',
  source: VIO,
  about: 'Registers the queue in which a device on the VIO bus answers.',
  in: { unit: r(4, 'unit address'), queue: r(5, 'I/O address'), length: r(6, 'bytes') },
  out: {},
  returns: {
    H_PARAMETER: `${NO_UNIT}; length below 4 KiB or above 256 MiB; queue is not aligned to 4 KiB`,
    H_NOT_FOUND: 'the device has no queue',
    H_RESOURCE: 'a queue is registered already',
  },
  handle(context, { unit, queue, length }) {
    const device = busOf(context)?.find(unit);
    if (!device || length < SMALLEST_QUEUE || length > LARGEST_QUEUE || (queue & ALIGNMENT) !== 0n) return { r3: H.PARAMETER };
    if (!device.crq) return { r3: H.NOT_FOUND };
    if (device.crq.registered) return { r3: H.RESOURCE };
    device.crq.register(Number(queue), Number(length));
    return { r3: H.SUCCESS };
  },
});

export const H_FREE_CRQ = hcall({
  number: 0x100,
  name: 'H_FREE_CRQ',
  provider: 'qemu',
  source: VIO,
  about: 'Takes the queue away; without one it does nothing.',
  in: { unit: r(4, 'unit address') },
  out: {},
  returns: { H_PARAMETER: NO_UNIT },
  handle(context, { unit }) {
    const device = busOf(context)?.find(unit);
    if (!device) return { r3: H.PARAMETER };
    device.crq?.free();
    return { r3: H.SUCCESS };
  },
});

export const H_VIO_SIGNAL = hcall({
  number: 0x104,
  name: 'H_VIO_SIGNAL',
  provider: 'qemu',
  source: VIO,
  about: "Switches the device's interrupts on and off.",
  in: { unit: r(4, 'unit address'), mode: r(5, 'flags') },
  out: {},
  returns: { H_PARAMETER: `${NO_UNIT}; mode has a bit that the device does not know` },
  handle(context, { unit, mode }) {
    const device = busOf(context)?.find(unit);
    if (!device || (mode & ~BigInt(device.signalMask)) !== 0n) return { r3: H.PARAMETER };
    device.signals = Number(mode);
    return { r3: H.SUCCESS };
  },
});

export const H_SEND_CRQ = hcall({
  number: 0x108,
  name: 'H_SEND_CRQ',
  provider: 'qemu',
  source: `${VIO}; for the vTPM hw/tpm/tpm_spapr.c`,
  about: 'Sends a message of 16 bytes to a device on the VIO bus. The answer comes by the queue.',
  in: { unit: r(4, 'unit address'), word0: r(5, 'flags'), word1: r(6, 'flags') },
  out: {},
  returns: { H_PARAMETER: NO_UNIT, H_BUSY: 'the vTPM has a command that runs', H_HARDWARE: 'the device has no queue' },
  handle(context, { unit, word0, word1 }) {
    const device = busOf(context)?.find(unit);
    if (!device) return { r3: H.PARAMETER };
    if (!device.crq) return { r3: H.HARDWARE };
    const entry = new Uint8Array(16);
    const view = new DataView(entry.buffer);
    view.setBigUint64(0, word0);
    view.setBigUint64(8, word1);
    return { r3: device.receive(entry) };
  },
});

export const H_ENABLE_CRQ = hcall({
  number: 0x2b0,
  name: 'H_ENABLE_CRQ',
  provider: 'qemu',
  source: VIO,
  about: 'Enables the queue again after a partition was moved; here it always is.',
  in: { unit: r(4, 'unit address') },
  out: {},
  returns: { H_PARAMETER: NO_UNIT },
  handle: (context, { unit }) => ({ r3: busOf(context)?.find(unit) ? H.SUCCESS : H.PARAMETER }),
});

export const H_PUT_TCE = hcall({
  number: 0x20,
  name: 'H_PUT_TCE',
  provider: 'qemu',
  source: TCE,
  about: 'Maps a page of 4 KiB of guest memory for a device, or takes the mapping away.',
  in: { liobn: r(4, 'unit address'), ioba: r(5, 'I/O address'), tce: r(6, 'gpa and flags') },
  out: {},
  returns: { H_PARAMETER: NO_TABLE },
  handle: (context, { liobn, ioba, tce }) => ({ r3: busOf(context)?.table(liobn)?.put(ioba, tce) ? H.SUCCESS : H.PARAMETER }),
});

export const H_STUFF_TCE = hcall({
  number: 0x138,
  name: 'H_STUFF_TCE',
  provider: 'qemu',
  source: TCE,
  about: 'Maps pages of 4 KiB one after the other in the same way; with 0 takes their mappings away.',
  in: { liobn: r(4, 'unit address'), ioba: r(5, 'I/O address'), tce: r(6, 'gpa and flags'), npages: r(7, 'pages') },
  out: {},
  returns: { H_PARAMETER: `${NO_TABLE}; npages is 0, or more than the window has` },
  handle(context, { liobn, ioba, tce, npages }) {
    const table = busOf(context)?.table(liobn);
    if (!table || npages > BigInt(table.pages)) return { r3: H.PARAMETER };
    return { r3: putAll(table, ioba, npages, () => tce) };
  },
});

export const H_PUT_TCE_INDIRECT = hcall({
  number: 0x13c,
  name: 'H_PUT_TCE_INDIRECT',
  provider: 'qemu',
  source: TCE,
  about: 'Maps pages of 4 KiB one after the other, each by a word of a list in guest memory.',
  in: { liobn: r(4, 'unit address'), ioba: r(5, 'I/O address'), tce_list: r(6, 'gpa'), npages: r(7, 'pages') },
  out: {},
  returns: { H_PARAMETER: `${NO_TABLE}; npages is 0 or above 512; tce_list is not aligned to 4 KiB` },
  handle(context, { liobn, ioba, tce_list, npages }) {
    const table = busOf(context)?.table(liobn);
    if (!table || npages > MOST_INDIRECT || (tce_list & ALIGNMENT) !== 0n) return { r3: H.PARAMETER };
    const list = context.partition.read(tce_list, Number(npages) * 8, 'hypervisor');
    const view = new DataView(list.buffer, list.byteOffset);
    return { r3: putAll(table, ioba, npages, i => view.getBigUint64(i * 8)) };
  },
});

/** Page after page until one lies outside the window; those before it stay mapped. None at all is an error as well. */
function putAll(table: TceTable, ioba: bigint, npages: bigint, tce: (index: number) => bigint): number {
  if (npages === 0n) return H.PARAMETER;
  for (let i = 0; i < npages; i++) {
    if (!table.put((ioba & ~ALIGNMENT) + BigInt(i) * TCE_BYTES, tce(i))) return H.PARAMETER;
  }
  return H.SUCCESS;
}

export const H_GET_TCE = hcall({
  number: 0x1c,
  name: 'H_GET_TCE',
  provider: 'qemu',
  source: TCE,
  about: 'Tells how a page is mapped for a device.',
  in: { liobn: r(4, 'unit address'), ioba: r(5, 'I/O address') },
  out: { tce: r(4, 'gpa and flags') },
  returns: { H_PARAMETER: NO_TABLE },
  handle(context, { liobn, ioba }) {
    const tce = busOf(context)?.table(liobn)?.get(ioba) ?? null;
    return tce === null ? { r3: H.PARAMETER } : { r3: H.SUCCESS, out: { tce } };
  },
});
