import { type Codec, concat, encode, type Fields, type StructValue, sized, struct, UINT8, UINT32, UINT64 } from '../bytes/index.ts';

// swtpm's control channel (swtpm include/swtpm/tpm_ioctl.h, the CMD_ codes; docs/reference/tpm.md#control-channel-of-swtpm): code u32 and
// request; the answer begins with a result u32. Client and server read this table.

/** When the TPM takes a command: at any time, while it runs (INIT until STOP), while it is stopped. */
type When = 'any' | 'running' | 'stopped';

export interface ControlCommand<Q extends Fields = Fields, A extends Fields = Fields> {
  readonly code: number;
  /** Its bit in GET_CAPABILITY; 0: always there. */
  readonly capability: number;
  readonly request: Codec<StructValue<Q>>;
  /** What follows the result. Most failures are a result alone. */
  readonly answer: Codec<StructValue<A>>;
  readonly when: When;
}

function control<const Q extends Fields = Record<never, never>, const A extends Fields = Record<never, never>>(
  code: number,
  bit: number | null,
  { request, answer, when = 'any' }: { request?: Q; answer?: A; when?: When } = {},
): ControlCommand<Q, A> {
  return {
    code,
    capability: bit === null ? 0 : 1 << bit,
    request: struct('request', 'swtpm include/swtpm/tpm_ioctl.h', request ?? ({} as Q)),
    answer: struct('answer', 'swtpm include/swtpm/tpm_ioctl.h', answer ?? ({} as A)),
    when,
  };
}

/** Largest state or piece of data to hash that is taken at once. */
export const LARGEST_DATA = 1 << 20;
const data = sized('data', { width: 4, max: LARGEST_DATA });
const running = { when: 'running' } as const;

export const CONTROL = {
  GET_CAPABILITY: control(0x01, null, { answer: { caps: UINT32 } }),
  INIT: control(0x02, 0, { request: { init_flags: UINT32 } }),
  SHUTDOWN: control(0x03, 1),
  GET_TPMESTABLISHED: control(0x04, 2, { ...running, answer: { bit: UINT8, pad1: UINT8, pad2: UINT8, pad3: UINT8 } }),
  /** Senders may pad the locality to 4 bytes. */
  SET_LOCALITY: control(0x05, 3, { request: { loc: UINT8 } }),
  HASH_START: control(0x06, 4, running),
  HASH_DATA: control(0x07, 4, { ...running, request: { data } }),
  HASH_END: control(0x08, 4, running),
  CANCEL_TPM_CMD: control(0x09, 5, running),
  STORE_VOLATILE: control(0x0a, 6, running),
  RESET_TPMESTABLISHED: control(0x0b, 7, { ...running, request: { loc: UINT8 } }),
  GET_STATEBLOB: control(0x0c, 8, {
    ...running,
    request: { state_flags: UINT32, type: UINT32, offset: UINT32 },
    answer: { state_flags: UINT32, totlength: UINT32, data },
  }),
  SET_STATEBLOB: control(0x0d, 9, { when: 'stopped', request: { state_flags: UINT32, type: UINT32, data } }),
  STOP: control(0x0e, 10),
  GET_CONFIG: control(0x0f, 11, { answer: { flags: UINT32 } }),
  /** The descriptor comes beside the bytes (SCM_RIGHTS). */
  SET_DATAFD: control(0x10, 12),
  SET_BUFFERSIZE: control(0x11, 13, {
    request: { buffersize: UINT32 },
    answer: { buffersize: UINT32, minsize: UINT32, maxsize: UINT32 },
  }),
  GET_INFO: control(0x12, 14, {
    request: { flags: UINT64, offset: UINT32, pad: UINT32 },
    answer: { totlength: UINT32, data: sized('buffer', { width: 4 }) },
  }),
  LOCK_STORAGE: control(0x13, 16, { request: { retries: UINT32 } }),
} as const satisfies Readonly<Record<string, unknown>>;
export type ControlName = keyof typeof CONTROL;
export type ControlRequest<N extends ControlName> = (typeof CONTROL)[N] extends ControlCommand<infer Q> ? StructValue<Q> : never;
export type ControlAnswer<N extends ControlName> = (typeof CONTROL)[N] extends ControlCommand<Fields, infer A> ? StructValue<A> : never;

/** GET_CAPABILITY: commands on the data channel may stand behind a header with their locality. */
export const SEND_COMMAND_HEADER = 1 << 15;

/** Results, TPM 1.2's codes (swtpm src/swtpm/ctrlchannel.c). */
export const RESULT = {
  SUCCESS: 0,
  BAD_PARAMETER: 0x03,
  FAIL: 0x09,
  /** An unknown command, or not now. */
  BAD_ORDINAL: 0x0a,
  IOERROR: 0x1f,
  BAD_LOCALITY: 0x3d,
  /** There is no state of this type: QEMU looks at this bit. */
  NO_STATE: 0x800,
} as const;

/** GET_ and SET_STATEBLOB: the parts of a state. */
export const STATE_PARTS = { permanent: 1, volatile: 2, savestate: 3 } as const;
/** INIT: take the volatile state that was set, and forget it. */
export const INIT_DELETE_VOLATILE = 1;
/** GET_STATEBLOB: as plain bytes. */
export const STATE_DECRYPTED = 1;

/** A command of the control channel as bytes. */
export const controlRequest = <N extends ControlName>(name: N, request: ControlRequest<N>): Uint8Array =>
  concat(encode(UINT32, CONTROL[name].code), encode(CONTROL[name].request as Codec<unknown>, request));
