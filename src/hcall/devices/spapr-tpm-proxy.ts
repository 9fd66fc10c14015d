import type { Stateful, World } from '../../sim/index.ts';
import type { HostFile, HostFiles } from '../../tpmrm/index.ts';

/** `observed`: as QEMU does. `strict`: H_P2/H_P4 for bad buffers, as its document says. */
export type ProxyMode = 'observed' | 'strict';

export interface TpmProxyState {
  readonly hostPath: string;
}

/** QEMU's spapr-tpm-proxy: one file descriptor to the host's TPM. */
export class SpaprTpmProxy implements Stateful<TpmProxyState> {
  readonly hostPath: string;
  readonly mode: ProxyMode;
  readonly world: World;
  readonly files: HostFiles;
  readonly lpid: number;
  file: HostFile | null = null;

  constructor(world: World, files: HostFiles, hostPath: string, lpid: number, mode: ProxyMode = 'observed') {
    this.world = world;
    this.files = files;
    this.hostPath = hostPath;
    this.lpid = lpid;
    this.mode = mode;
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = null;
  }

  async reset(): Promise<void> {
    await this.close();
  }

  snapshot(): TpmProxyState {
    return { hostPath: this.hostPath };
  }

  restore(_state: TpmProxyState): void {
    this.file = null;
  }
}
