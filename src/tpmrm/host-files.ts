import type { TpmChip } from './chip.ts';
import type { HostFile, HostFiles, IoResult } from './host-file.ts';
import { PLAIN_DEVICES } from './plain-devices.ts';

/** The host's /dev: the TPM's two devices, if it has a TPM, and a few that are no TPM. */
export class HostDevices implements HostFiles {
  readonly #chip: TpmChip | null;

  constructor(chip: TpmChip | null) {
    this.#chip = chip;
  }

  async open(path: string): Promise<IoResult<HostFile>> {
    if (this.#chip && (path === '/dev/tpmrm0' || path === '/dev/tpm0')) return this.#chip.open(path);
    const plain = Object.hasOwn(PLAIN_DEVICES, path) ? PLAIN_DEVICES[path] : undefined;
    return plain ? { value: plain } : { errno: 'ENOENT' };
  }
}
