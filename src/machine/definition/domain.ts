import { checkDevice, checkTogether } from './device-rules.ts';
import type { Domain, TpmDevice, TpmModel } from './devices.ts';
import { type Refuse, refuserOf } from './libvirt-refusal.ts';
import { type ReadTpm, readTpm, regOf } from './read-tpm.ts';
import { childrenOf, firstAt, parseXml, type XmlElement } from './xml.ts';

/** Where libvirt puts a vTPM that has no address, and how far it steps on (libvirt src/qemu/qemu_domain_address.h, .c). */
const VIO_ADDR_TPM = 0x4000;
const VIO_STEP = 0x1000;

const isPpc64 = (arch: string): boolean => arch === 'ppc64' || arch === 'ppc64le';
const isX86 = (arch: string): boolean => arch === 'x86_64' || arch === 'i686';

/**
 * The TPM devices of a libvirt domain definition, as libvirt 9.0 makes them: read, defaults filled in, checked.
 * @throws {SimulatorError} `domain.…` in libvirt's words, with line and column.
 */
export function readDomain(text: string, file: string): Domain {
  const root = parseXml(text, file);
  const refuse = refuserOf(file);
  if (root.name !== 'domain') throw refuse('domain.xml-error', root, `unexpected root element <${root.name}>, expecting <domain>`);
  const type = firstAt(root, 'os/type');
  const arch = type?.attributes.get('arch') ?? 'ppc64le'; // libvirt: that of the host
  const emulator = firstAt(root, 'devices/emulator')?.text.trim() || `/usr/bin/qemu-system-${isPpc64(arch) ? 'ppc64' : arch}`;
  const tpms = childrenOf(root, 'devices').flatMap(devices => childrenOf(devices, 'tpm'));
  // Before any of them is looked at (fixtures/observed/libvirt.json#three-devices-two-proxies).
  if (tpms.length > 2) {
    const message = 'a maximum of two TPM devices is supported, one of them being a TPM Proxy device';
    throw refuse('domain.xml-error', tpms[2] as XmlElement, message);
  }
  const read = tpms.map(tpm => readTpm(tpm, refuse));
  const taken = unitAddresses(root, refuse);
  const devices = read.map((tpm, index) => complete(tpm, index, arch, taken, refuse));
  for (const device of devices) checkDevice(device, { arch, emulator }, refuse);
  checkTogether(devices, refuse);
  const name = firstAt(root, 'name')?.text.trim() ?? '';
  const machine = type?.attributes.get('machine') ?? 'pseries';
  return { name, arch, machine, emulator, memoryBytes: memoryOf(root, refuse), vcpus: vcpusOf(root, refuse), tpms: devices };
}

/** Units of libvirt (virScaleInteger); without one it is KiB. */
const UNITS: Readonly<Record<string, bigint>> = {
  ...{ b: 1n, bytes: 1n, k: 1024n, kib: 1024n, m: 1n << 20n, mib: 1n << 20n, g: 1n << 30n, gib: 1n << 30n, t: 1n << 40n, tib: 1n << 40n },
  ...{ kb: 1000n, mb: 1_000_000n, gb: 1_000_000_000n, tb: 1_000_000_000_000n },
};

function memoryOf(root: XmlElement, refuse: Refuse): bigint | null {
  const memory = firstAt(root, 'memory');
  if (!memory) return null;
  const unit = memory.attributes.get('unit') ?? 'KiB';
  const scale = UNITS[unit.toLowerCase()];
  if (scale === undefined) throw refuse('domain.xml-error', memory, `unknown suffix '${unit}'`, 'Units: bytes, KiB, MiB, GiB, TiB.');
  return wholeNumber(memory, refuse) * scale;
}

function vcpusOf(root: XmlElement, refuse: Refuse): number | null {
  const vcpu = firstAt(root, 'vcpu');
  return vcpu ? Number(wholeNumber(vcpu, refuse)) : null;
}

function wholeNumber(element: XmlElement, refuse: Refuse): bigint {
  const text = element.text.trim();
  if (/^[1-9]\d{0,14}$/.test(text)) return BigInt(text);
  throw refuse('domain.xml-error', element, `Invalid value '${text}' for element '${element.name}'`, 'Write a whole number above 0.');
}

/** Defaults as in libvirt src/qemu/qemu_domain.c qemuDomainTPMDefPostParse, then alias and address. */
function complete(
  { element, model: asked, backend, alias, reg }: ReadTpm,
  index: number,
  arch: string,
  taken: Set<number>,
  refuse: Refuse,
): TpmDevice {
  const model: TpmModel = asked ?? (isPpc64(arch) ? 'tpm-spapr' : 'tpm-tis');
  const { line, column } = element;
  return {
    model,
    backend:
      // 1.2 where it always was so: tpm-tis on x86.
      backend.type === 'emulator'
        ? { ...backend, version: backend.version ?? (model === 'tpm-tis' && isX86(arch) ? '1.2' : '2.0') }
        : backend,
    alias: alias ?? `tpm${index}`,
    ...(model === 'tpm-spapr' ? { reg: unitAddress(element, reg, taken, refuse) } : {}),
    line,
    column,
  };
}

/** qemuDomainAssignSpaprVIOAddress: one's own choice must be free, libvirt's steps on until it is. */
function unitAddress(element: XmlElement, asked: number | null, taken: Set<number>, refuse: Refuse): number {
  let reg = asked ?? VIO_ADDR_TPM;
  if (asked !== null && taken.has(asked)) {
    throw refuse('domain.xml-error', firstAt(element, 'address') ?? element, `spapr-vio address 0x${asked.toString(16)} already in use`);
  }
  while (taken.has(reg)) reg += VIO_STEP;
  taken.add(reg);
  return reg;
}

/** Unit addresses of the devices that are no TPMs. */
function unitAddresses(root: XmlElement, refuse: Refuse): Set<number> {
  const others = childrenOf(root, 'devices').flatMap(({ children }) => children.filter(({ name }) => name !== 'tpm'));
  return new Set(others.map(other => regOf(other, refuse)).filter(reg => reg !== null));
}
