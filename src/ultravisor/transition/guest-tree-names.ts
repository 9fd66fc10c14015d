import { RTAS_TOKENS, U } from '../../spec/index.ts';
import { type Fdt, walk } from '../../svm/format/index.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { EsmRefused } from './esm-refused.ts';

/** What every node may have: SLOF and Linux write these. */
const EVERYWHERE: readonly string[] = ['name', 'slof,from-fdt', 'phandle'];

const words = (text: string): readonly string[] => text.split(/\s+/).filter(word => word !== '');

/**
 * Nodes of a guest's tree by their path without unit addresses, with the properties that they may have: those of the recorded trees
 * (fixtures/observed/guest-tree), and what QEMU and the boot wrapper add where they are asked to.
 */
const LISTED: Readonly<Record<string, readonly string[]>> = {
  '': words(`
    device_type model compatible vm,uuid #address-cells #size-cells ibm,plat-res-int-priorities ibm,drc-indexes
    ibm,drc-power-domains ibm,drc-names ibm,drc-types system-id host-model host-serial`),
  'ibm,persistent-memory': words(`#address-cells #size-cells device_type`),
  chosen: words(`
    ibm,architecture-vec-5 linux,initrd-end linux,initrd-start linux,stdout-path stdout stdin mmu memory cpu bootargs
    qemu,boot-kernel qemu,boot-kernel-le qemu,graphic-width qemu,graphic-height qemu,graphic-depth stdout-path
    linux,pci-probe-only ibm,arch-vec-5-platform-support linux,esm-blob-start linux,esm-blob-end`),
  rtas: words(`
    linux,rtas-entry linux,rtas-base slof,rtas-size slof,rtas-base ibm,hypertas-functions qemu,hypertas-functions
    ibm,associativity-reference-points ibm,max-associativity-domains ibm,numa-lookup-index-table ibm,numa-distance-table
    rtas-size rtas-error-log-max rtas-event-scan-rate ibm,change-msix-capable ibm,extended-os-term ibm,lrdr-capacity
    ${Object.keys(RTAS_TOKENS).join(' ')}`),
  'event-sources': words(`interrupt-controller #interrupt-cells interrupt-ranges`),
  'event-sources/hot-plug-events': words(`interrupts`),
  'event-sources/epow-events': words(`interrupts`),
  cpus: words(`#address-cells #size-cells ibm,drc-indexes ibm,drc-power-domains ibm,drc-names ibm,drc-types`),
  'cpus/PowerPC,POWER9': words(`
    ibm,my-drc-index reg device_type cpu-version d-cache-block-size d-cache-line-size i-cache-block-size i-cache-line-size
    d-cache-size i-cache-size timebase-frequency clock-frequency slb-size ibm,slb-size status 64-bit ibm,purr ibm,spurr
    ibm,processor-segment-sizes ibm,vmx ibm,dfp ibm,segment-page-sizes ibm,pa-features ibm,chip-id ibm,pft-size
    ibm,ppc-interrupt-server#s ibm,ppc-interrupt-gserver#s ibm,processor-radix-AP-encodings ibm,dec-bits`),
  pci: words(`
    device_type compatible #interrupt-cells used-by-rtas bus-range ranges reg ibm,pci-config-space-type ibm,pe-total-#msi
    ibm,ddw-applicable ibm,ddw-extensions interrupt-map-mask interrupt-map ibm,#dma-address-cells ibm,#dma-size-cells
    ibm,dma-window ibm,my-drc-index qemu,phb-enumerated #address-cells #size-cells ibm,drc-indexes ibm,drc-power-domains
    ibm,drc-names ibm,drc-types`),
  vdevice: words(`device_type compatible #address-cells #size-cells #interrupt-cells interrupt-controller`),
  'vdevice/vty': words(`reg device_type compatible interrupts`),
  'vdevice/nvram': words(`reg device_type compatible interrupts #bytes`),
  'vdevice/vtpm': words(`
    linux,sml-size linux,sml-base reg device_type compatible interrupts ibm,#dma-address-cells ibm,#dma-size-cells
    ibm,my-dma-window ibm,sml-efi-reformat-supported`),
  memory: words(`available device_type reg ibm,associativity`),
  aliases: words(`nvram hvterm`),
  options: words(`
    auto-boot? boot-device boot-file boot-command diag-device diag-file diag-switch? fcode-debug? input-device nvramrc
    oem-banner oem-banner? oem-logo oem-logo? output-device screen-#columns screen-#rows security-#badlogins security-mode
    security-password selftest-#megs use-nvramrc? direct-serial? real-mode? load-base`),
  openprom: words(`relative-addressing model`),
  packages: words(``),
  'packages/deblocker': words(``),
  'packages/disk-label': words(``),
  'packages/fat-files': words(``),
  'packages/rom-files': words(``),
  'packages/ext2-files': words(``),
  'packages/obp-tftp': words(``),
  'packages/iso-9660': words(``),
  mmu: words(`translations device_type`),
  'ibm,vtpm': words(`device_type`),
  'interrupt-controller': words(`device_type reg compatible ibm,xive-eq-sizes ibm,xive-lisn-ranges interrupt-controller #interrupt-cells`),
};

/** The first node or property that is not listed; null: all are. */
function stranger(tree: Fdt): string | null {
  for (const { path, node } of walk(tree.root)) {
    const properties = LISTED[path.slice(1).replaceAll(/@[^/]*/g, '')];
    if (!properties) return path;
    for (const { name } of node.properties) if (!properties.includes(name) && !EVERYWHERE.includes(name)) return `${path}/${name}`;
  }
  return null;
}

/**
 * With `deviceTree: listed names`, nothing may stand in the tree that steers the guest in a way its owner cannot know
 * (docs/reference/decisions.md#limits-of-hardening).
 */
export function checkTreeNames(uv: Ultravisor, tree: Fdt): void {
  if (uv.profile.deviceTree === 'any') return;
  const found = stranger(tree);
  if (found === null) return;
  const detail = `the device tree has ${found}, which is not listed`;
  if (!uv.check('device-tree-names', false, detail, 'docs/profiles.md#fields'))
    throw new EsmRefused(U.P2, 'device-tree-names', detail, 'docs/profiles.md#fields', true);
}
