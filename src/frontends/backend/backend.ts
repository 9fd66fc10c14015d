import { codeOf } from '../../spec/index.ts';
/** What the frontends give a TPM to do. */
export interface TpmCommand {
  readonly locality: number;
  readonly bytes: Uint8Array;
}

export interface TpmAnswer {
  readonly response: Uint8Array;
  /** The backend failed; the response is made up. */
  readonly failed: boolean;
  /** TPM 1.2's ContinueSelfTest succeeded. */
  readonly selfTestDone: boolean;
}

/** Why a machine cannot begin, or cannot load a state: what QEMU prints, one line each, without the program's name. */
export type Refused = { readonly refused: readonly string[] };

/** What is saved of a TPM. Null: the part is empty. */
export interface TpmBlobs {
  readonly permanent: Uint8Array;
  readonly volatile: Uint8Array;
  readonly savestate: Uint8Array;
}

/** QEMU's side of a TPM (backends/tpm/): what every frontend needs of it. */
export interface FrontendBackend {
  readonly type: 'emulator' | 'passthrough';
  readonly version: '1.2' | '2.0';
  /** The size that this TPM would like. It may ask the TPM. */
  bufferSize(): Promise<number>;
  /** Switches the TPM on, off before that, with buffers of this size. `resume`: from the state that was loaded. */
  start(bufferBytes: number, how: 'cold' | 'incoming' | 'resume'): Promise<Refused | null>;
  /** Never rejects, and never comes where the TPM never answers. */
  execute(command: TpmCommand): Promise<TpmAnswer>;
  cancel(): Promise<void>;
  /** Whether a hash sequence established a measured environment. */
  established(): Promise<boolean>;
  resetEstablished(): Promise<void>;
  /** Null: what there is to save lives in the TPM and cannot leave it. */
  readonly state: StateAccess | null;
  /** The machine ends; `shutdown`: the TPM with it. */
  close(shutdown: boolean): Promise<void>;
}

export interface StateAccess {
  save(): Promise<TpmBlobs | Refused>;
  load(blobs: TpmBlobs): Promise<Refused | null>;
}

/** What QEMU prints, where it goes, and whose line it is. */
export type Say = (line: string) => void;

export { FATAL } from '../../hcall/index.ts';

const CONTINUE_SELF_TEST = 0x53;

/** By the code alone, whatever the tag says (QEMU backends/tpm/tpm_util.c, tpm_util_is_selftest). */
export const isSelfTest = (command: Uint8Array): boolean => codeOf(command) === CONTINUE_SELF_TEST;
