import type { Backend } from './backend.ts';

/** A TPM in this process. */
export interface Executable {
  execute(command: Uint8Array): Uint8Array;
  /** Power off and on. */
  reset?(): void;
}

/** The TPM in this process as a backend. It needs no closing. */
export function embeddedBackend(tpm: Executable, name = 'embedded'): Backend {
  const backend: Backend = {
    name,
    // A copy each way: neither side may reach into the other's memory.
    transmit: async command => tpm.execute(command.slice()).slice(),
    close: async () => {},
  };
  return tpm.reset ? { ...backend, reset: async () => tpm.reset?.() } : backend;
}
