import { type Codec, concat, DecodeError, encode, hex, Reader, UINT32 } from '../../bytes/index.ts';
import type { PromptChannel, Taken, Wanting } from '../../protocols/index.ts';
import { ENDPOINT, MSSIM, type MssimAnswer, type MssimCommand, type MssimName, type MssimRequest } from '../../protocols/index.ts';
import type { ServedTpm } from '../served-tpm.ts';
import { LARGEST_COMMAND } from './data.ts';
import { beginsTpmCommand } from './wrong-client.ts';

interface Context {
  readonly tpm: ServedTpm;
  readonly client: number;
  readonly port: 'command' | 'platform';
  /** STOP: the server ends. */
  readonly onStop: () => void;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that only does something returns nothing.
type Outcome<N extends MssimName> = MssimAnswer<N> | { readonly end: string } | void;
type Handlers = { readonly [N in MssimName]: (context: Context, request: MssimRequest<N>) => Outcome<N> };

const SERVER_VERSION = 1;

const handlers: Handlers = {
  SIGNAL_POWER_ON: ({ tpm }) => tpm.powerOn(), // a TPM that is on stays as it is
  SIGNAL_POWER_OFF: ({ tpm }) => tpm.powerOff(),
  SIGNAL_PHYS_PRES_ON({ tpm }) {
    tpm.physicalPresence = true;
  },
  SIGNAL_PHYS_PRES_OFF({ tpm }) {
    tpm.physicalPresence = false;
  },
  SIGNAL_HASH_START: ({ tpm }) => tpm.hashStart(),
  SIGNAL_HASH_DATA: ({ tpm }, { data }) => tpm.hashData(data),
  SIGNAL_HASH_END: ({ tpm }) => tpm.hashEnd(),
  SEND_COMMAND: ({ tpm, client }, { locality, data }) => ({ data: tpm.execute(client, data, locality) }),
  // A command is done before anybody can ask to cancel it, and keys are made when they are asked for.
  SIGNAL_CANCEL_ON: () => {},
  SIGNAL_CANCEL_OFF: () => {},
  SIGNAL_KEY_CACHE_ON: () => {},
  SIGNAL_KEY_CACHE_OFF: () => {},
  SIGNAL_NV_ON({ tpm }) {
    tpm.nvAvailable = true;
  },
  SIGNAL_NV_OFF({ tpm }) {
    tpm.nvAvailable = false;
  },
  REMOTE_HANDSHAKE: () => ({ serverVersion: SERVER_VERSION, endPointInfo: ENDPOINT.platformAvailable | ENDPOINT.supportsPP }),
  SIGNAL_RESET: ({ tpm }) => tpm.reset(),
  SIGNAL_RESTART: ({ tpm }) => tpm.reset(),
  SESSION_END: () => ({ end: 'the client ended its session' }),
  STOP({ onStop }) {
    onStop();
    return { end: 'the client stopped the server' };
  },
  GET_COMMAND_RESPONSE_SIZES: () => ({ command: LARGEST_COMMAND, response: LARGEST_COMMAND }),
  TEST_FAILURE_MODE: ({ tpm }) => tpm.fail(),
};

const byCode = new Map((Object.keys(MSSIM) as MssimName[]).map(name => [MSSIM[name].code, name]));
const ACK = encode(UINT32, 0);

/** One of the two ports of the simulator's protocol. */
export function mssimChannel(tpm: ServedTpm, client: number, port: 'command' | 'platform', onStop: () => void): PromptChannel {
  const context = { tpm, client, port, onStop };
  return { take: received => take(context, received) };
}

function take(context: Context, received: Uint8Array): Taken | Wanting {
  if (received.length < 4) return { wants: 4 };
  const reader = new Reader(received);
  const code = reader.u32();
  const name = byCode.get(code);
  // Each command's handler takes what its own `request` reads; the table is a union of them.
  const command = name && (MSSIM[name] as unknown as MssimCommand);
  // The simulator, too, ends the connection: where the next message would begin cannot be told.
  if (!name && beginsTpmCommand(received))
    return {
      used: received.length,
      end: `it sent ${hex(code, 8)}, which is no message of this protocol: it looks like a TPM command without a frame; let the client speak mssim, or serve with --protocol swtpm`,
    };
  if (!name || !command) return { used: received.length, end: `it sent ${hex(code, 8)}, which is no message of this protocol` };
  if (command.port !== 'both' && command.port !== context.port)
    return { used: received.length, end: `it sent ${name} to the ${context.port} port` };
  try {
    const request = command.request.read(reader);
    const outcome = (handlers[name] as (context: Context, request: object) => Outcome<MssimName>)(context, request);
    // The end of a session is not acknowledged (ms-tpm-20-ref TPMCmd/Simulator/src/TcpServer.c).
    if (outcome && 'end' in outcome) return { used: reader.offset, end: outcome.end };
    return { used: reader.offset, answer: concat(encode(command.answer as Codec<unknown>, outcome ?? {}), ACK) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.fault === 'short'
      ? { wants: error.needs ?? received.length + 1 }
      : { used: received.length, end: `${name}: ${error.message}` };
  }
}
