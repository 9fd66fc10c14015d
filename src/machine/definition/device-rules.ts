import type { TpmDevice, TpmModel } from './devices.ts';
import type { Refuse } from './libvirt-refusal.ts';

/** The device models in the QEMU of an architecture; the proxy has no place but on pSeries. */
const MODELS: Readonly<Record<string, readonly TpmModel[]>> = {
  ppc64: ['tpm-spapr', 'spapr-tpm-proxy'],
  ppc64le: ['tpm-spapr', 'spapr-tpm-proxy'],
  x86_64: ['tpm-tis', 'tpm-crb'],
  i686: ['tpm-tis', 'tpm-crb'],
  aarch64: ['tpm-tis'],
};

interface Target {
  readonly arch: string;
  readonly emulator: string;
}

/** One device alone: libvirt src/qemu/qemu_validate.c qemuValidateDomainDeviceDefTPM, in its order. */
export function checkDevice(device: TpmDevice, { arch, emulator }: Target, refuse: Refuse): void {
  const { model, backend } = device;
  if (backend.type === 'emulator' && backend.version === '1.2') {
    if (model === 'tpm-crb') throw refuse('domain.unsupported', device, `Unsupported interface '${model}' for TPM 1.2`);
    if (model === 'tpm-spapr') throw refuse('domain.unsupported', device, 'TPM 1.2 is not supported with the SPAPR device model');
    if (arch === 'aarch64') throw refuse('domain.unsupported', device, 'TPM 1.2 is not supported on ARM');
  }
  const models = MODELS[arch] ?? [];
  if (models.includes('spapr-tpm-proxy') && model === 'spapr-tpm-proxy' && backend.type !== 'passthrough') {
    const hint = "The proxy hands the guest's calls to a device file of the host: <backend type='passthrough'>.";
    throw refuse('domain.unsupported', device, `TPM Proxy model ${model} requires 'Passthrough' backend`, hint);
  }
  if (models.includes(model)) return;
  const hint = `Models on ${arch}: ${models.join(', ') || 'none'}.`;
  throw refuse('domain.unsupported', device, `The QEMU executable ${emulator} does not support TPM model ${model}`, hint);
}

/** All devices together: qemuValidateDomainDefTPMs. The second of a kind is the one at fault. */
export function checkTogether(devices: readonly TpmDevice[], refuse: Refuse): void {
  const isProxy = ({ model }: TpmDevice): boolean => model === 'spapr-tpm-proxy';
  for (const [index, device] of devices.entries()) {
    if (!devices.slice(0, index).some(other => isProxy(other) === isProxy(device))) continue;
    const kind = isProxy(device) ? 'TPM Proxy' : 'TPM non-proxy';
    throw refuse('domain.unsupported', device, `only a single ${kind} device is supported`);
  }
}
