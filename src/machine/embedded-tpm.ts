import type { World } from '../sim/index.ts';
import { DEFAULT_TPM_VERSION, Tpm, type TpmVersion } from '../tpm/index.ts';
import { powerDown, StateDir } from '../tpm-serve/index.ts';
import { type Backend, type Executable, embeddedBackend } from '../tpmrm/index.ts';

/**
 * The TPM that is built in; `name` tells its chance from that of other TPMs of the same world. With a folder it is the TPM whose state
 * lies there.
 * @throws {SimulatorError} `tpm.state-unreadable`.
 */
export function embeddedTpm(
  { random, clock, secrets }: World,
  name: string,
  { state, version = DEFAULT_TPM_VERSION }: { readonly state?: StateDir | null; readonly version?: TpmVersion } = {},
): Tpm {
  const options = { random: random.fork(`tpm of ${name}`), clock, secrets, version };
  return state ? state.reading(() => new Tpm({ ...options, nvram: state })) : new Tpm(options);
}

export interface EmbeddedTpmOptions {
  /** Where its state lies. */
  readonly folder?: string | undefined;
  readonly version?: TpmVersion;
  /** What stands before the TPM. */
  readonly through?: (tpm: Tpm) => Executable;
}

/**
 * The same as a backend. With a folder the TPM is shut down in order when the backend is closed.
 * @throws {SimulatorError} `tpm.state-...`.
 */
export async function openEmbeddedTpm(
  world: World,
  name: string,
  { folder, version, through = tpm => tpm }: EmbeddedTpmOptions = {},
): Promise<{ readonly tpm: Tpm; readonly backend: Backend }> {
  const state = folder === undefined ? null : await StateDir.open(folder);
  try {
    const tpm = embeddedTpm(world, name, { state, ...(version ? { version } : {}) });
    const backend = embeddedBackend(through(tpm));
    const close = async () => {
      powerDown(tpm);
      await state?.close();
    };
    return { tpm, backend: state ? { ...backend, close } : backend };
  } catch (error) {
    await state?.close();
    throw error;
  }
}
