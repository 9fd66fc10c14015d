import { type Codec, concat, encode, type Fields, type StructValue, sized, struct, UINT8, UINT32 } from '../bytes/index.ts';

// The protocol of the TCG's (Microsoft's) simulator on its two ports (ms-tpm-20-ref TPMCmd/Simulator/include/TpmTcpProtocol.h;
// docs/reference/tpm.md#protocol-of-the-simulator): code u32 and request; the answer ends with a result u32, 0 as a rule. Client and server
// read this table.

type Port = 'command' | 'platform' | 'both';

export interface MssimCommand<Q extends Fields = Fields, A extends Fields = Fields> {
  readonly code: number;
  readonly port: Port;
  readonly request: Codec<StructValue<Q>>;
  /** What comes before the result. */
  readonly answer: Codec<StructValue<A>>;
}

function message<const Q extends Fields = Record<never, never>, const A extends Fields = Record<never, never>>(
  code: number,
  port: Port,
  { request, answer }: { request?: Q; answer?: A } = {},
): MssimCommand<Q, A> {
  return {
    code,
    port,
    request: struct('request', 'ms-tpm-20-ref TPMCmd/Simulator/include/TpmTcpProtocol.h', request ?? ({} as Q)),
    answer: struct('answer', 'ms-tpm-20-ref TPMCmd/Simulator/include/TpmTcpProtocol.h', answer ?? ({} as A)),
  };
}

const LARGEST_DATA = 1 << 20;
const data = sized('data', { width: 4, max: LARGEST_DATA });

export const MSSIM = {
  SIGNAL_POWER_ON: message(1, 'platform'),
  SIGNAL_POWER_OFF: message(2, 'platform'),
  SIGNAL_PHYS_PRES_ON: message(3, 'platform'),
  SIGNAL_PHYS_PRES_OFF: message(4, 'platform'),
  SIGNAL_HASH_START: message(5, 'both'),
  SIGNAL_HASH_DATA: message(6, 'both', { request: { data } }),
  SIGNAL_HASH_END: message(7, 'both'),
  SEND_COMMAND: message(8, 'command', { request: { locality: UINT8, data }, answer: { data } }),
  SIGNAL_CANCEL_ON: message(9, 'platform'),
  SIGNAL_CANCEL_OFF: message(10, 'platform'),
  SIGNAL_NV_ON: message(11, 'platform'),
  SIGNAL_NV_OFF: message(12, 'platform'),
  SIGNAL_KEY_CACHE_ON: message(13, 'platform'),
  SIGNAL_KEY_CACHE_OFF: message(14, 'platform'),
  REMOTE_HANDSHAKE: message(15, 'command', { request: { clientVersion: UINT32 }, answer: { serverVersion: UINT32, endPointInfo: UINT32 } }),
  SIGNAL_RESET: message(17, 'platform'),
  SIGNAL_RESTART: message(18, 'platform'),
  SESSION_END: message(20, 'both'),
  STOP: message(21, 'both'),
  GET_COMMAND_RESPONSE_SIZES: message(25, 'platform', { answer: { command: UINT32, response: UINT32 } }),
  TEST_FAILURE_MODE: message(30, 'platform'),
} as const satisfies Readonly<Record<string, unknown>>;
export type MssimName = keyof typeof MSSIM;
export type MssimRequest<N extends MssimName> = (typeof MSSIM)[N] extends MssimCommand<infer Q> ? StructValue<Q> : never;
export type MssimAnswer<N extends MssimName> = (typeof MSSIM)[N] extends MssimCommand<Fields, infer A> ? StructValue<A> : never;

/** REMOTE_HANDSHAKE: the platform port is there, and physical presence. */
export const ENDPOINT = { platformAvailable: 1, supportsPP: 8 } as const;

/** A message as bytes. */
export const mssimRequest = <N extends MssimName>(name: N, request: MssimRequest<N>): Uint8Array =>
  concat(encode(UINT32, MSSIM[name].code), encode(MSSIM[name].request as Codec<unknown>, request));
