import { buildFdt, cells, cells64, type FdtNode, fdtNode, type PropertyInput, writeFdt } from '../format/index.ts';
import { type Layout, TREE_ROOM } from './memory-layout.ts';

export interface TreeOptions {
  readonly ramBytes: bigint;
  readonly vcpus?: number;
  readonly kernel: Uint8Array;
  readonly initrd: Uint8Array;
  readonly bootargs: string;
  readonly rtas: Uint8Array;
  readonly esmBlob?: Uint8Array;
  /** Devices on the VIO bus, as they stand below /vdevice; numbers are cells. */
  readonly vio?: readonly VioNode[];
}

export interface VioNode {
  readonly name: string;
  readonly properties: Readonly<Record<string, string | readonly number[]>>;
}

/** The RTAS area that SLOF sets aside, code included (bytes). */
const RTAS_AREA = 0x1_0000;
/** Tokens as QEMU gives them (QEMU include/hw/ppc/spapr.h RTAS_*). */
const RTAS_TOKENS = {
  'display-character': 0x2000,
  'get-time-of-day': 0x2001,
  'power-off': 0x2003,
  'system-reboot': 0x2004,
  'ibm,os-term': 0x201f,
} as const;

/** The flattened tree that prom_init hands to UV_ESM, with free room at its end. */
export function buildGuestTree(options: TreeOptions, layout: Layout): Uint8Array {
  const { ramBytes, vcpus = 1, initrd, bootargs, esmBlob } = options;
  const chosen: Record<string, PropertyInput> = {
    bootargs,
    'linux,initrd-start': layout.initrd,
    'linux,initrd-end': layout.initrd + BigInt(initrd.length),
  };
  if (esmBlob && layout.esmBlob !== null) {
    // The boot wrapper writes single cells (Linux arch/powerpc/boot/main.c).
    chosen['linux,esm-blob-start'] = Number(layout.esmBlob);
    chosen['linux,esm-blob-end'] = Number(layout.esmBlob) + esmBlob.length;
  }
  const memory = { device_type: 'memory', reg: cells64(0n, ramBytes) };
  const cpu = {
    device_type: 'cpu',
    reg: 0,
    'ibm,ppc-interrupt-server#s': 0, // one thread a core
  };
  const rtas: Record<string, PropertyInput> = {
    ...RTAS_TOKENS,
    'linux,rtas-base': Number(layout.rtas),
    'linux,rtas-entry': Number(layout.rtas),
    'rtas-size': RTAS_AREA,
    'slof,rtas-size': options.rtas.length,
    // highest address, size of a block, most processors (PAPR)
    'ibm,lrdr-capacity': cells(Number(ramBytes >> 32n), Number(ramBytes & 0xffff_ffffn), 0, 0x1000_0000, vcpus),
  };
  const reservations = [
    { address: layout.kernel, size: BigInt(options.kernel.length) },
    { address: layout.initrd, size: BigInt(initrd.length) },
  ];
  const tree = buildFdt(
    { '#address-cells': 2, '#size-cells': 2, compatible: 'qemu,pseries', model: 'IBM pSeries (emulated by qemu)' },
    [
      fdtNode('memory@0', memory),
      fdtNode('cpus', { '#address-cells': 1, '#size-cells': 0 }, [fdtNode('PowerPC,POWER9@0', cpu)]),
      fdtNode('rtas', rtas),
      ...(options.vio?.length ? [vdevice(options.vio)] : []),
      fdtNode('chosen', chosen),
    ],
    { reservations },
  );
  return writeFdt(tree, writeFdt(tree).length + TREE_ROOM);
}

/** QEMU hw/ppc/spapr_vio.c: the bus and its devices. */
function vdevice(devices: readonly VioNode[]): FdtNode {
  const bus = { '#address-cells': 1, '#size-cells': 0, device_type: 'vdevice', compatible: 'IBM,vdevice' };
  return fdtNode(
    'vdevice',
    bus,
    devices.map(({ name, properties }) =>
      fdtNode(
        name,
        Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, typeof value === 'string' ? value : cells(...value)])),
      ),
    ),
  );
}
