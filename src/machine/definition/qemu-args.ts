import type { Domain, TpmDevice } from './devices.ts';
import { type Refuse, refuserOf } from './libvirt-refusal.ts';

/** Opens a file of the host as libvirt would; null when that works, else what is wrong in words ("No such file or directory"). */
export type ProbeDevice = (path: string) => string | null;

export interface QemuArgumentOptions {
  /**
   * Control socket of the vTPM's swtpm. Without one the chardev is `null`, as `virsh domxml-to-native` prints it: the socket does
   * not exist before the guest starts.
   */
  readonly tpmSocket?: string;
  /** libvirt opens the device of a vTPM with the passthrough backend itself; that of the proxy is QEMU's to open, and later. */
  readonly probe?: ProbeDevice;
  readonly file?: string;
}

/**
 * QEMU's options for the TPM devices, in pairs and in libvirt's order (libvirt src/qemu/qemu_command.c
 * qemuBuildTPMsCommandLine): device by device as the definition has them, the proxy as one option, a vTPM with its backend first.
 * @throws {SimulatorError} `domain.device` when a device of the host cannot be opened.
 */
export function qemuArguments({ tpms }: Domain, options: QemuArgumentOptions = {}): readonly (readonly [option: string, value: string])[] {
  const refuse = refuserOf(options.file ?? 'domain');
  return tpms.flatMap(tpm => (tpm.model === 'spapr-tpm-proxy' ? [proxyDevice(tpm)] : vtpm(tpm, options, refuse)));
}

function proxyDevice({ alias, backend }: TpmDevice): readonly [string, string] {
  const path = backend.type === 'passthrough' ? backend.path : '';
  return ['-device', JSON.stringify({ driver: 'spapr-tpm-proxy', id: alias, 'host-path': path })];
}

function vtpm(tpm: TpmDevice, { tpmSocket, probe }: QemuArgumentOptions, refuse: Refuse): readonly (readonly [string, string])[] {
  const { model, alias, backend, reg } = tpm;
  const id = `tpm-${alias}`;
  const address = reg === undefined ? {} : { reg };
  const device = ['-device', JSON.stringify({ driver: model, tpmdev: id, id: alias, ...address })] as const;
  if (backend.type === 'passthrough') {
    const fault = probe?.(backend.path);
    if (fault) throw refuse('domain.device', tpm, `Could not open TPM device ${backend.path}: ${fault}`);
    return [['-tpmdev', `passthrough,id=${id},path=${escaped(backend.path)}`], device];
  }
  const socket = backend.type === 'external' ? backend.socket : tpmSocket;
  const chardev = socket === undefined ? 'null,id=chrtpm' : `socket,id=chrtpm,path=${escaped(socket)}`;
  return [['-chardev', chardev], ['-tpmdev', `emulator,id=${id},chardev=chrtpm`], device];
}

/** A comma ends a value on QEMU's command line unless it stands twice. */
const escaped = (text: string): string => text.replaceAll(',', ',,');
