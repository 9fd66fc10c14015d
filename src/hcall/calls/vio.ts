import * as spec from '../../spec/index.ts';
import { H } from '../../spec/index.ts';
import type { TceTable } from '../devices/tce-table.ts';
import type { VioBus } from '../devices/vio-bus.ts';
import { type HcallContext, hcall } from './hcall.ts';

const SMALLEST_QUEUE = 0x1000n;
const LARGEST_QUEUE = 0x1000_0000n;
const ALIGNMENT = 0xfffn;
const TCE_BYTES = 0x1000n;
/** A list fills at most a page. */
const MOST_INDIRECT = 512n;

const busOf = ({ hypervisor, partition }: HcallContext): VioBus | undefined => hypervisor.vio.get(partition.lpid);

export const H_REG_CRQ = hcall(spec.H_REG_CRQ, (context, { unit, queue, length }) => {
  const device = busOf(context)?.find(unit);
  if (!device || length < SMALLEST_QUEUE || length > LARGEST_QUEUE || (queue & ALIGNMENT) !== 0n) return { r3: H.PARAMETER };
  if (!device.crq) return { r3: H.NOT_FOUND };
  if (device.crq.registered) return { r3: H.RESOURCE };
  device.crq.register(Number(queue), Number(length));
  return { r3: H.SUCCESS };
});

export const H_FREE_CRQ = hcall(spec.H_FREE_CRQ, (context, { unit }) => {
  const device = busOf(context)?.find(unit);
  if (!device) return { r3: H.PARAMETER };
  device.crq?.free();
  return { r3: H.SUCCESS };
});

export const H_VIO_SIGNAL = hcall(spec.H_VIO_SIGNAL, (context, { unit, mode }) => {
  const device = busOf(context)?.find(unit);
  if (!device || (mode & ~BigInt(device.signalMask)) !== 0n) return { r3: H.PARAMETER };
  device.signals = Number(mode);
  return { r3: H.SUCCESS };
});

export const H_SEND_CRQ = hcall(spec.H_SEND_CRQ, (context, { unit, word0, word1 }) => {
  const device = busOf(context)?.find(unit);
  if (!device) return { r3: H.PARAMETER };
  if (!device.crq) return { r3: H.HARDWARE };
  const entry = new Uint8Array(16);
  const view = new DataView(entry.buffer);
  view.setBigUint64(0, word0);
  view.setBigUint64(8, word1);
  return { r3: device.receive(entry) };
});

export const H_ENABLE_CRQ = hcall(spec.H_ENABLE_CRQ, (context, { unit }) => ({ r3: busOf(context)?.find(unit) ? H.SUCCESS : H.PARAMETER }));

export const H_PUT_TCE = hcall(spec.H_PUT_TCE, (context, { liobn, ioba, tce }) => ({
  r3: busOf(context)?.table(liobn)?.put(ioba, tce) ? H.SUCCESS : H.PARAMETER,
}));

export const H_STUFF_TCE = hcall(spec.H_STUFF_TCE, (context, { liobn, ioba, tce, npages }) => {
  const table = busOf(context)?.table(liobn);
  if (!table || npages > BigInt(table.pages)) return { r3: H.PARAMETER };
  return { r3: putAll(table, ioba, npages, () => tce) };
});

export const H_PUT_TCE_INDIRECT = hcall(spec.H_PUT_TCE_INDIRECT, (context, { liobn, ioba, tce_list, npages }) => {
  const table = busOf(context)?.table(liobn);
  if (!table || npages > MOST_INDIRECT || (tce_list & ALIGNMENT) !== 0n) return { r3: H.PARAMETER };
  const list = context.partition.read(tce_list, Number(npages) * 8, 'hypervisor');
  const view = new DataView(list.buffer, list.byteOffset);
  return { r3: putAll(table, ioba, npages, i => view.getBigUint64(i * 8)) };
});

/** Page after page until one lies outside the window; those before it stay mapped. None at all is an error as well. */
function putAll(table: TceTable, ioba: bigint, npages: bigint, tce: (index: number) => bigint): number {
  if (npages === 0n) return H.PARAMETER;
  for (let i = 0; i < npages; i++) {
    if (!table.put((ioba & ~ALIGNMENT) + BigInt(i) * TCE_BYTES, tce(i))) return H.PARAMETER;
  }
  return H.SUCCESS;
}

export const H_GET_TCE = hcall(spec.H_GET_TCE, (context, { liobn, ioba }) => {
  const tce = busOf(context)?.table(liobn)?.get(ioba) ?? null;
  return tce === null ? { r3: H.PARAMETER } : { r3: H.SUCCESS, out: { tce } };
});
