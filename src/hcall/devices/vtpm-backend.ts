import { type Backend, BackendError, type HostFile, type HostFiles, type SwtpmState } from '../../tpmrm/index.ts';

/** What stands behind a vTPM. Any frontend takes any backend. */
export interface VtpmBackend {
  readonly type: 'passthrough' | 'emulator';
  readonly name: string;
  readonly tpmVersion: '1.2' | '2.0';
  /** Largest command or response that it takes. */
  readonly bufferBytes: number;
  /** The response, or in words why there is none; null: the TPM got nothing and answers nothing, and its frontend waits. */
  transmit(command: Uint8Array): Promise<Uint8Array | { readonly fault: string } | null>;
  /** The machine is about to be reset; a command may still run. */
  beforeReset?(): Promise<void>;
  /** The guest's machine was reset: an emulated TPM is switched off and on, a real one is not ours to reset. */
  reset(): Promise<void>;
  /** The TPM's state for another host; `refused` says why it cannot go. */
  readonly state: TpmStateAccess | { readonly refused: string };
  close(): Promise<void>;
}

export interface TpmStateAccess {
  save(): Promise<SwtpmState>;
  /** In words why this TPM does not take the state; null when it did. */
  load(state: SwtpmState): Promise<{ readonly refused: string } | null>;
}

const BUFFER_BYTES = 4096;
const HEADER_BYTES = 10;
/** tpm_util_write_fatal_error_response: TPM 1.2's tag and TPM_FAIL, whatever TPM it was. */
export const FATAL = Uint8Array.from([0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 9]);

/** QEMU's `-tpmdev emulator`: an swtpm, or the TPM that is built in. `state`: how its state is had, if at all. */
export function emulatorBackend(backend: Backend, state?: TpmStateAccess): VtpmBackend {
  return {
    type: 'emulator',
    name: backend.name,
    tpmVersion: '2.0',
    bufferBytes: BUFFER_BYTES,
    async transmit(command) {
      if (command.length === 0) return null;
      // A stream would wait for the rest of it.
      if (command.length < HEADER_BYTES) return FATAL;
      try {
        return await backend.transmit(command);
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        return { fault: `tpm-emulator: ${error.message}` };
      }
    },
    async reset() {
      await backend.reset?.();
    },
    // QEMU blocks migration when the emulator cannot give and take its state (hw/tpm/tpm_emulator.c).
    state: state ?? { refused: `Migration disabled: TPM emulator ${backend.name} has no state that can be had` },
    close: () => backend.close(),
  };
}

/** QEMU's `-tpmdev passthrough`: a device file of the host, open as long as the machine lives. Gives an errno name if it cannot be. */
export async function passthroughBackend(files: HostFiles, path: string): Promise<VtpmBackend | { readonly errno: string }> {
  const opened = await files.open(path);
  if (!('value' in opened)) return { errno: 'errno' in opened ? opened.errno : 'EBUSY' };
  const file = opened.value;
  return {
    type: 'passthrough',
    name: path,
    tpmVersion: '2.0',
    bufferBytes: BUFFER_BYTES,
    transmit: async command => (command.length === 0 ? null : exchange(file, path, command)),
    async reset() {},
    state: { refused: `the vTPM is the host's own TPM (${path}): its keys and PCRs cannot leave this machine, so the guest cannot either` },
    close: () => file.close(),
  };
}

async function exchange(file: HostFile, path: string, command: Uint8Array): Promise<Uint8Array | { readonly fault: string }> {
  const written = await file.write(command);
  if (!('value' in written)) return { fault: `tpm_passthrough: error while transmitting data to TPM ${path}: ${reason(written)}` };
  const read = await file.read(BUFFER_BYTES);
  if (!('value' in read)) return { fault: `tpm_passthrough: error while reading data from TPM ${path}: ${reason(read)}` };
  if (read.value.length < HEADER_BYTES) return { fault: `tpm_passthrough: received invalid response packet from TPM ${path}` };
  return read.value;
}

const reason = (result: { readonly errno: string } | { readonly blocks: true }): string => ('errno' in result ? result.errno : 'blocks');
