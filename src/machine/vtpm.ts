import { emulatorBackend, passthroughBackend, type VtpmBackend } from '../hcall/index.ts';
import { SimulatorError, type World } from '../sim/index.ts';
import { StateFault, type Tpm, type TpmVersion } from '../tpm/index.ts';
import { BackendError, embeddedBackend, type HostFiles, SwtpmProcess, type SwtpmState } from '../tpmrm/index.ts';
import { embeddedTpm } from './embedded-tpm.ts';
import { timed } from './tpm-durations.ts';

export const EMULATORS = ['embedded', 'swtpm'] as const;
export type EmulatorKind = (typeof EMULATORS)[number];

/** The vTPM of a guest: beside spapr-tpm-proxy, and with a TPM of its own behind it. */
export type VtpmSpec =
  /** `tpm`: what emulates it. Default: an swtpm where the host's own TPM is one, else the embedded TPM. */
  (
    | { readonly backend: 'emulator'; readonly tpm?: EmulatorKind }
    /** A TPM device of the host, given to this guest alone. */
    | { readonly backend: 'passthrough'; readonly path: string }
  ) & {
    /** Unit address on the VIO bus; the first that is free, if none is given. */
    readonly unit?: number;
  };

/** What stands behind the vTPM of one guest. */
export interface Vtpm {
  readonly backend: VtpmBackend;
  /** The embedded TPM, if it is that. */
  readonly tpm: Tpm | null;
  /** The guest is gone for good. Until then its TPM keeps its state, whether QEMU runs or not. */
  remove(): Promise<void>;
}

const NOTHING = new Uint8Array(0);

/** An embedded TPM of this guest's own. */
export function emulatedVtpm(world: World, host: string, guest: string, version: TpmVersion): Vtpm {
  const tpm = embeddedTpm(world, `vtpm of ${guest} on ${host}`, { version });
  const state = {
    save: async () => ({ permanent: tpm.permanentState(), volatile: tpm.volatileState(), savestate: NOTHING }),
    load: async ({ permanent, volatile }: SwtpmState) => {
      try {
        tpm.load(permanent, volatile);
        return null;
      } catch (error) {
        if (!(error instanceof StateFault)) throw error;
        return doesNotLoad(guest, error);
      }
    },
  };
  const backend = emulatorBackend(embeddedBackend(timed(tpm, world.clock), `vtpm of ${guest}`), state);
  return { backend, tpm, remove: () => backend.close() };
}

/**
 * An swtpm of this guest's own, as libvirt starts one. Its state moves by its control channel.
 * @throws {SimulatorError} `tpmrm.swtpm-...` when it cannot be started.
 */
export async function swtpmVtpm(guest: string): Promise<Vtpm> {
  const swtpm = await SwtpmProcess.start();
  const state = {
    save: () => swtpm.control.getState(),
    load: async (parts: SwtpmState) => {
      try {
        await swtpm.control.setState(parts);
        return null;
      } catch (error) {
        if (!(error instanceof BackendError)) throw error;
        return doesNotLoad(guest, error);
      }
    },
  };
  const backend = {
    name: `swtpm of ${guest}`,
    transmit: (command: Uint8Array) => swtpm.transmit(command),
    reset: () => swtpm.reset(),
    close: () => swtpm.end(),
  };
  return { backend: emulatorBackend(backend, state), tpm: null, remove: () => swtpm.close() };
}

const doesNotLoad = (guest: string, { message }: Error): { readonly refused: string } => ({
  refused: `the TPM at the other end does not take the state of the vTPM of ${guest}: ${message}`,
});

/**
 * A device of the host behind the vTPM. QEMU opens it when the guest starts.
 * @throws {SimulatorError} `machine.vtpm-device` in QEMU's words when it cannot be had.
 */
export async function passedThrough(files: HostFiles, path: string, guest: string): Promise<Vtpm> {
  const backend = await passthroughBackend(files, path);
  if (!('errno' in backend)) return { backend, tpm: null, remove: () => backend.close() };
  throw new SimulatorError('machine.vtpm-device', {
    what: `guest ${guest}: Cannot access TPM device using '${path}': ${backend.errno}`,
    hint:
      backend.errno === 'EBUSY'
        ? 'Somebody has it open. /dev/tpm0 opens once; a proxy on /dev/tpmrm0 beside it is fine as long as /dev/tpm0 is closed first.'
        : 'The host has /dev/tpm0 and /dev/tpmrm0.',
  });
}
