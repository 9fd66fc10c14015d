import { emulatorBackend, passthroughBackend, type VtpmBackend } from '../hcall/index.ts';
import { SimulatorError, type World } from '../sim/index.ts';
import { StateFault, type Tpm } from '../tpm/index.ts';
import { embeddedBackend, type HostFiles } from '../tpmrm/index.ts';
import { embeddedTpm } from './embedded-tpm.ts';
import { timed } from './tpm-durations.ts';

/** The vTPM of a guest: beside spapr-tpm-proxy, and with a TPM of its own behind it. */
export type VtpmSpec = (
  | { readonly backend: 'emulator' }
  /** A TPM device of the host, given to this guest alone. */
  | { readonly backend: 'passthrough'; readonly path: string }
) & {
  /** Unit address on the VIO bus; the first that is free, if none is given. */
  readonly unit?: number;
};

/** What stands behind the vTPM of one guest. */
export interface Vtpm {
  readonly backend: VtpmBackend;
  /** The emulated TPM; null behind passthrough. */
  readonly tpm: Tpm | null;
}

const NOTHING = new Uint8Array(0);

/** An emulated TPM of this guest's own. */
export function emulatedVtpm(world: World, host: string, guest: string): Vtpm {
  const tpm = embeddedTpm(world, `vtpm of ${guest} on ${host}`);
  const state = {
    save: async () => ({ permanent: tpm.permanentState(), volatile: tpm.volatileState(), savestate: NOTHING }),
    load: async ({ permanent, volatile }: { permanent: Uint8Array; volatile: Uint8Array }) => {
      try {
        tpm.load(permanent, volatile);
      } catch (error) {
        if (!(error instanceof StateFault)) throw error;
        throw new SimulatorError('machine.vtpm-state', { what: `the state of the vTPM of ${guest} does not load: ${error.message}` });
      }
    },
  };
  return { backend: emulatorBackend(embeddedBackend(timed(tpm, world.clock), `vtpm of ${guest}`), state), tpm };
}

/**
 * A device of the host behind the vTPM. QEMU opens it when the guest starts.
 * @throws {SimulatorError} `machine.vtpm-device` in QEMU's words when it cannot be had.
 */
export async function passedThrough(files: HostFiles, path: string, guest: string): Promise<Vtpm> {
  const backend = await passthroughBackend(files, path);
  if (!('errno' in backend)) return { backend, tpm: null };
  throw new SimulatorError('machine.vtpm-device', {
    what: `guest ${guest}: Cannot access TPM device using '${path}': ${backend.errno}`,
    hint:
      backend.errno === 'EBUSY'
        ? 'Somebody has it open. /dev/tpm0 opens once; a proxy on /dev/tpmrm0 beside it is fine as long as /dev/tpm0 is closed first.'
        : 'The host has /dev/tpm0 and /dev/tpmrm0.',
  });
}
