import { fromHex } from '../../../bytes/index.ts';
import { RTAS_TOKENS } from '../../../spec/index.ts';
import {
  buildFdt,
  cells,
  cells64,
  type FdtNode,
  fdtNode,
  type PropertyInput,
  text,
  withLinuxStrings,
  writeLinuxFdt,
} from '../../format/index.ts';
import { alignUp, type Layout, RTAS_AREA_BYTES } from '../memory-layout.ts';

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

type Properties = Record<string, PropertyInput>;

/** Linux arch/powerpc/kernel/prom_init.c prom_instantiate_sml: what SLOF gives for the log of its measurements (bytes). */
const LOG_BYTES = 0x4_0000;
/** QEMU include/hw/ppc/spapr.h RTAS_ERROR_LOG_MAX. */
const ERROR_LOG_BYTES = 0x800;
const CONSOLE = '/vdevice/vty@71000000';

/**
 * The flattened tree with which prom_init asks for UV_ESM, after those of real guests (fixtures/observed/guest-tree): what QEMU describes,
 * SLOF loads and Linux adds and flattens. Left out are the PCI bridge, SLOF's own packages and the indexes for hot-plugging.
 */
export function buildGuestTree(options: TreeOptions, layout: Layout): Uint8Array {
  const { vcpus = 1, initrd, vio = [] } = options;
  const hasLog = vio.some(({ name }) => name.startsWith('vtpm@'));
  const log = layout.rtas - BigInt(LOG_BYTES);
  const tree = buildFdt(
    {
      device_type: 'chrp',
      model: 'IBM pSeries (emulated by qemu)',
      compatible: 'qemu,pseries',
      'vm,uuid': '00000000-0000-0000-0000-000000000000',
      '#address-cells': 2,
      '#size-cells': 2,
      'ibm,plat-res-int-priorities': cells(7, 0xf8),
      'slof,from-fdt': 1,
    },
    [
      fdtNode('chosen', chosen(options, layout)),
      fdtNode('rtas', rtas(options, layout)),
      eventSources(),
      cpus(vcpus, options.ramBytes),
      vdevice(vio, log),
      fdtNode('memory@0', {
        device_type: 'memory',
        reg: cells64(0n, options.ramBytes),
        'ibm,associativity': cells(1, 0),
        'slof,from-fdt': 1,
      }),
      fdtNode('aliases', { hvterm: CONSOLE }),
      interruptController(vcpus),
    ],
    {
      // Linux reserves whole pages of its own, prom_init.c reserve_mem; the kernel itself is not among them.
      reservations: [
        { address: layout.initrd, size: alignUp(BigInt(initrd.length)) },
        { address: layout.rtas, size: BigInt(RTAS_AREA_BYTES) },
        ...(hasLog ? [{ address: log, size: BigInt(LOG_BYTES) }] : []),
      ],
    },
  );
  return writeLinuxFdt(withLinuxStrings({ ...tree, root: withPhandles(tree.root, { next: 1 }) }));
}

function chosen({ kernel, initrd, bootargs, esmBlob }: TreeOptions, layout: Layout): Properties {
  return {
    'ibm,architecture-vec-5': fromHex('19002000 00a00500 00000000 00000000 00000000 00008040 400040'.replaceAll(' ', '')),
    'slof,from-fdt': 1,
    'linux,initrd-end': layout.initrd + BigInt(initrd.length),
    'linux,initrd-start': layout.initrd,
    'linux,stdout-path': CONSOLE,
    ...(esmBlob && layout.esmBlob !== null ? esmBlobProperties(layout.esmBlob, esmBlob.length) : {}),
    bootargs,
    'qemu,boot-kernel': cells64(layout.kernel, BigInt(kernel.length)),
    'qemu,boot-kernel-le': true,
    'stdout-path': CONSOLE,
    'linux,pci-probe-only': 0,
    'ibm,arch-vec-5-platform-support': cells(0x1780_18c0, 0x1900_1a40),
  };
}

/** The boot wrapper writes single cells (Linux arch/powerpc/boot/main.c prep_esm_blob). */
export const esmBlobProperties = (gpa: bigint, bytes: number): Record<string, number> => ({
  'linux,esm-blob-start': Number(gpa),
  'linux,esm-blob-end': Number(gpa) + bytes,
});

function rtas({ rtas: code, vcpus = 1 }: TreeOptions, { rtas: base }: Layout): Properties {
  return {
    'linux,rtas-entry': Number(base),
    'linux,rtas-base': Number(base),
    'slof,rtas-size': code.length,
    'slof,rtas-base': Number(base),
    'ibm,hypertas-functions': text(
      ...['pft', 'term', 'dabr', 'interrupt', 'tce', 'vio', 'splpar', 'join', 'bulk', 'set-mode', 'sprg0', 'copy', 'debug', 'vphn'].map(
        name => `hcall-${name}`,
      ),
    ),
    'ibm,associativity-reference-points': 1,
    'ibm,max-associativity-domains': cells(1, 1),
    // QEMU hw/ppc/spapr.c spapr_dt_rtas: error log, 16 bytes a processor and 8; SLOF adds its code.
    'rtas-size': ERROR_LOG_BYTES + 16 * vcpus + 8 + code.length,
    'rtas-error-log-max': ERROR_LOG_BYTES,
    'rtas-event-scan-rate': 1,
    'ibm,extended-os-term': true,
    // Highest address of memory that is plugged in (none), size of a block, most processors.
    'ibm,lrdr-capacity': cells(0, 0, 0, 0x1000_0000, vcpus),
    ...RTAS_TOKENS,
    'slof,from-fdt': 1,
  };
}

/** QEMU hw/ppc/spapr_events.c. */
function eventSources(): FdtNode {
  const source = (name: string, interrupt: number) => fdtNode(name, { interrupts: cells(interrupt, 0), 'slof,from-fdt': 1 });
  const properties = {
    'interrupt-controller': true,
    '#interrupt-cells': 2,
    'interrupt-ranges': cells(0x1000, 1, 0x1001, 1),
    'slof,from-fdt': 1,
  } as const;
  return fdtNode('event-sources', properties, [source('hot-plug-events', 0x1001), source('epow-events', 0x1000)]);
}

/** QEMU hw/ppc/spapr.c spapr_dt_cpu of a power9, one thread a core. */
function cpus(count: number, ramBytes: bigint): FdtNode {
  const core = (id: number): FdtNode =>
    fdtNode(`PowerPC,POWER9@${id.toString(16)}`, {
      'ibm,my-drc-index': 0x1000_0000 + id,
      reg: id,
      device_type: 'cpu',
      'cpu-version': 0x0f00_0005,
      'd-cache-block-size': 128,
      'd-cache-line-size': 128,
      'i-cache-block-size': 128,
      'i-cache-line-size': 128,
      'd-cache-size': 0x8000,
      'i-cache-size': 0x8000,
      'timebase-frequency': 512_000_000,
      'clock-frequency': 1_000_000_000,
      'slb-size': 32,
      'ibm,slb-size': 32,
      status: 'okay',
      '64-bit': true,
      'ibm,purr': 1,
      'ibm,spurr': 1,
      'ibm,processor-segment-sizes': cells(28, 40, 0xffff_ffff, 0xffff_ffff),
      'ibm,vmx': 2,
      'ibm,dfp': 1,
      'ibm,chip-id': 0,
      'ibm,pft-size': cells(0, hashTableShift(ramBytes)),
      'ibm,ppc-interrupt-server#s': id,
      'ibm,ppc-interrupt-gserver#s': cells(id, 0),
      'ibm,processor-radix-AP-encodings': cells(0x0c, 0xa000_0010, 0x2000_0015, 0x4000_001e),
      'ibm,dec-bits': 56,
      'slof,from-fdt': 1,
    });
  const cores = Array.from({ length: count }, (_, id) => core(id));
  return fdtNode('cpus', { '#address-cells': 1, '#size-cells': 0, 'slof,from-fdt': 1 }, cores);
}

/** log2 of the bytes of a hash page table for so much memory: one 128th of it (QEMU hw/ppc/spapr.c spapr_hpt_shift_for_ramsize). */
const hashTableShift = (ramBytes: bigint): number => Math.max((ramBytes - 1n).toString(2).length - 7, 18);

/** QEMU hw/ppc/spapr_vio.c: the bus with its console and devices. A vTPM gets where the log of its measurements lies. */
function vdevice(devices: readonly VioNode[], log: bigint): FdtNode {
  const bus = {
    device_type: 'vdevice',
    compatible: 'IBM,vdevice',
    '#address-cells': 1,
    '#size-cells': 0,
    '#interrupt-cells': 2,
    'interrupt-controller': true,
    'slof,from-fdt': 1,
  } as const;
  const console = { reg: 0x7100_0000, device_type: 'serial', compatible: 'hvterm1', interrupts: cells(0x1100, 0), 'slof,from-fdt': 1 };
  const others = devices.map(({ name, properties }) => {
    const own = Object.entries(properties).map(([key, value]) => [key, typeof value === 'string' ? value : cells(...value)] as const);
    return fdtNode(name, { ...(name.startsWith('vtpm@') ? logProperties(log) : {}), ...Object.fromEntries(own), 'slof,from-fdt': 1 });
  });
  return fdtNode('vdevice', bus, [fdtNode('vty@71000000', console), ...others]);
}

/** prom_instantiate_sml writes its variables as they lie in memory, which is little-endian here. */
function logProperties(log: bigint): Properties {
  const little = (bytes: Uint8Array): Uint8Array => bytes.reverse();
  return { 'linux,sml-size': little(cells(LOG_BYTES)), 'linux,sml-base': little(cells64(log)) };
}

/** QEMU hw/intc/spapr_xive.c. */
function interruptController(vcpus: number): FdtNode {
  return fdtNode('interrupt-controller@60302031b0000', {
    device_type: 'power-ivpe',
    reg: cells64(0x6_0302_031b_0000n, 0x1_0000n, 0x6_0302_031a_0000n, 0x1_0000n),
    compatible: 'ibm,power-ivpe',
    'ibm,xive-eq-sizes': 16,
    'ibm,xive-lisn-ranges': cells(0, vcpus),
    'interrupt-controller': true,
    '#interrupt-cells': 2,
    'slof,from-fdt': 1,
  });
}

/** Every node has one, its last property. SLOF takes the address of the node in its own memory; here they are counted. */
function withPhandles(node: FdtNode, counter: { next: number }): FdtNode {
  const phandle = { name: 'phandle', value: cells(counter.next++) };
  return { ...node, properties: [...node.properties, phandle], children: node.children.map(child => withPhandles(child, counter)) };
}
