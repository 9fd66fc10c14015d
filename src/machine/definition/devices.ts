import type { TextPlace } from './xml.ts';

/** The models that libvirt knows (libvirt docs/formatdomain.rst, "TPM device"). */
export const TPM_MODELS = ['tpm-tis', 'tpm-crb', 'tpm-spapr', 'spapr-tpm-proxy'] as const;
export type TpmModel = (typeof TPM_MODELS)[number];

export const TPM_BACKENDS = ['passthrough', 'emulator', 'external'] as const;
export type TpmBackendType = (typeof TPM_BACKENDS)[number];

export const PCR_BANKS = ['sha1', 'sha256', 'sha384', 'sha512'] as const;

export type TpmBackend =
  /** A character device of the host. */
  | { readonly type: 'passthrough'; readonly path: string }
  /** An swtpm that libvirt starts for this guest. */
  | {
      readonly type: 'emulator';
      readonly version: '1.2' | '2.0';
      readonly activePcrBanks: readonly string[];
      readonly persistentState: boolean;
      /** UUID of the secret that encrypts the state. */
      readonly encryption?: string;
    }
  /** An swtpm that somebody else runs, by its control socket. */
  | { readonly type: 'external'; readonly socket: string };

/** A TPM device of a guest, with all defaults filled in. */
export interface TpmDevice extends TextPlace {
  readonly model: TpmModel;
  readonly backend: TpmBackend;
  /** Identifier on QEMU's command line: `tpm0`. */
  readonly alias: string;
  /** Unit address on the VIO bus; of tpm-spapr only: the proxy is on no bus. */
  readonly reg?: number;
}

/** What the TPM devices of a domain depend on. */
export interface Domain {
  readonly name: string;
  readonly arch: string;
  readonly machine: string;
  readonly emulator: string;
  /** Of `<memory>`; null: it is not there. */
  readonly memoryBytes: bigint | null;
  /** Of `<vcpu>`; null: it is not there. */
  readonly vcpus: number | null;
  readonly tpms: readonly TpmDevice[];
}
