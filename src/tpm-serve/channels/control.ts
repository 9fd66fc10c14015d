import { type Codec, concat, DecodeError, encode, getU32, hex, Reader, UINT32 } from '../../bytes/index.ts';
import type { PromptChannel, Taken, Wanting } from '../../protocols/index.ts';
import {
  CONTROL,
  type ControlAnswer,
  type ControlCommand,
  type ControlName,
  type ControlRequest,
  INIT_DELETE_VOLATILE,
  RESULT,
  SEND_COMMAND_HEADER,
  STATE_PARTS,
} from '../../protocols/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { NvramError } from '../../tpm/index.ts';
import { infoText } from '../info.ts';
import { isStateFault, type ServedTpm } from '../served-tpm.ts';
import { beginsTpmCommand } from './wrong-client.ts';

export interface ControlOptions {
  /** SHUTDOWN: the server ends. */
  readonly onShutdown: () => void;
  /** Whether a descriptor for the data channel can be taken; then it was when SET_DATAFD comes. */
  readonly takesDescriptors: boolean;
  /** Where TPM commands go: what a client that sends them here is told in the log. */
  readonly commandsAt?: () => string;
}

interface Context extends ControlOptions {
  readonly tpm: ServedTpm;
}

type Stated<N extends ControlName> = { readonly result: number; readonly answer: ControlAnswer<N> };
/** A result alone, or an answer; nothing is success. */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that only does something returns nothing.
type Outcome<N extends ControlName> = number | ControlAnswer<N> | Stated<N> | void;
type Handlers = { readonly [N in ControlName]: (context: Context, request: ControlRequest<N>) => Outcome<N> };

/** Sizes of swtpm 0.7.1. */
const BUFFER = { min: 0xaf8, max: 0x1000 } as const;
const NOTHING = new Uint8Array(0);

const partOf = (type: number): 'permanent' | 'volatile' | null =>
  type === STATE_PARTS.permanent ? 'permanent' : type === STATE_PARTS.volatile ? 'volatile' : null;

const commands = Object.values(CONTROL) as readonly ControlCommand[];
const capabilities = (descriptors: boolean): number =>
  commands.reduce((all, { capability }) => all | capability, SEND_COMMAND_HEADER) & ~(descriptors ? 0 : CONTROL.SET_DATAFD.capability);

/** Faults of state that was sent are an answer, and are told to whoever runs the server. */
function orFail(tpm: ServedTpm, failure: number, body: () => void): number {
  try {
    body();
    return RESULT.SUCCESS;
  } catch (error) {
    if (!isStateFault(error)) throw error;
    tpm.say(`state refused: ${error.message}. ${error.hint}`);
    return failure;
  }
}

const handlers: Handlers = {
  GET_CAPABILITY: ({ takesDescriptors }) => ({ caps: capabilities(takesDescriptors) }),
  INIT: ({ tpm }, { init_flags }) => orFail(tpm, RESULT.FAIL, () => tpm.init({ forget: (init_flags & INIT_DELETE_VOLATILE) !== 0 })),
  SHUTDOWN({ tpm, onShutdown }) {
    tpm.powerOff();
    onShutdown();
  },
  GET_TPMESTABLISHED: ({ tpm }) => ({ bit: tpm.established ? 1 : 0, pad1: 0, pad2: 0, pad3: 0 }),
  SET_LOCALITY({ tpm }, { loc }) {
    if (loc > 4) return RESULT.BAD_LOCALITY;
    tpm.locality = loc;
    return RESULT.SUCCESS;
  },
  HASH_START: ({ tpm }) => tpm.hashStart(),
  HASH_DATA: ({ tpm }, { data }) => tpm.hashData(data),
  HASH_END: ({ tpm }) => tpm.hashEnd(),
  // A command is done before anybody can ask to cancel it.
  CANCEL_TPM_CMD: () => {},
  STORE_VOLATILE: ({ tpm }) => tpm.storeVolatile(),
  RESET_TPMESTABLISHED({ tpm }, { loc }) {
    if (loc !== 3 && loc !== 4) return RESULT.BAD_LOCALITY;
    tpm.resetEstablished();
    return RESULT.SUCCESS;
  },
  GET_STATEBLOB({ tpm }, { type, offset }) {
    const part = partOf(type);
    if (!part) return { result: RESULT.NO_STATE, answer: { state_flags: 0, totlength: 0, data: NOTHING } };
    const state = tpm.stateOf(part);
    if (offset > state.length) return RESULT.BAD_PARAMETER;
    return { state_flags: 0, totlength: state.length, data: state.slice(offset) };
  },
  SET_STATEBLOB({ tpm }, { type, data }) {
    const part = partOf(type);
    return part ? orFail(tpm, RESULT.BAD_PARAMETER, () => tpm.setState(part, data)) : RESULT.BAD_PARAMETER;
  },
  STOP: ({ tpm }) => tpm.powerOff(),
  GET_CONFIG: () => ({ flags: 0 }), // no keys encrypt the state
  SET_DATAFD({ tpm, takesDescriptors }) {
    if (takesDescriptors) return RESULT.SUCCESS;
    tpm.say('SET_DATAFD refused: to take a descriptor the relay is needed (npm run build:native)');
    return RESULT.IOERROR;
  },
  SET_BUFFERSIZE({ tpm }, { buffersize }) {
    if (buffersize > 0 && tpm.running) return RESULT.BAD_ORDINAL;
    if (buffersize > 0) tpm.bufferSize = Math.min(Math.max(buffersize, BUFFER.min), BUFFER.max);
    return { buffersize: tpm.bufferSize, minsize: BUFFER.min, maxsize: BUFFER.max };
  },
  GET_INFO(_, { flags, offset }) {
    const text = infoText(flags);
    if (offset > text.length) return RESULT.BAD_PARAMETER;
    return { totlength: text.length, data: text.slice(offset) };
  },
  // The folder is locked as long as the server runs.
  LOCK_STORAGE: () => {},
};

const byCode = new Map((Object.keys(CONTROL) as ControlName[]).map(name => [CONTROL[name].code, name]));

/** swtpm's control channel. */
export function controlChannel(tpm: ServedTpm, options: ControlOptions): PromptChannel {
  const context = { tpm, ...options };
  let padded = false;
  return {
    take(received) {
      const taken = take(context, received, padded);
      if ('used' in taken) padded = PADDED.has(getU32(received, 0));
      return taken;
    },
  };
}

/** Senders may pad the locality of these to four bytes. */
const PADDED: ReadonlySet<number> = new Set([CONTROL.SET_LOCALITY.code, CONTROL.RESET_TPMESTABLISHED.code]);

function take(context: Context, received: Uint8Array, padded: boolean): Taken | Wanting {
  if (received.length < 4) return { wants: 4, ...(padded && received.every(byte => byte === 0) ? { idle: true } : {}) };
  const reader = new Reader(received);
  const code = reader.u32();
  // No command has code 0: these are the bytes that pad the locality of the message before to four.
  if (code === 0 && padded) return { used: 3 };
  const name = byCode.get(code);
  if (name === undefined && beginsTpmCommand(received))
    context.tpm.say(
      `control: ${hex(code, 8)} looks like a TPM command, and this is the control channel: ${context.commandsAt?.() ?? 'commands go to the data channel'}`,
    );
  if (name === undefined)
    return {
      used: received.length,
      answer: resultOf(RESULT.BAD_ORDINAL),
      end: `it sent ${code}, which is no command of the control channel`,
    };
  // Each command's handler takes what its own `request` reads; the table is a union of them.
  const command = CONTROL[name] as unknown as ControlCommand;
  try {
    const request = command.request.read(reader);
    return { used: reader.offset, answer: answerTo(context, name, command, request) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    if (error.fault === 'short') return { wants: error.needs ?? received.length + 1 };
    return { used: received.length, answer: resultOf(RESULT.BAD_PARAMETER), end: `${name}: ${error.message}` };
  }
}

function answerTo(context: Context, name: ControlName, command: ControlCommand, request: object): Uint8Array {
  const { running } = context.tpm;
  if ((command.when === 'running' && !running) || (command.when === 'stopped' && running)) return resultOf(RESULT.BAD_ORDINAL);
  const outcome = orIoError(context.tpm, () =>
    (handlers[name] as (context: Context, request: object) => Outcome<ControlName>)(context, request),
  );
  if (typeof outcome === 'number') return resultOf(outcome);
  const { result, answer } = outcome && 'result' in outcome ? outcome : { result: RESULT.SUCCESS, answer: outcome ?? {} };
  return concat(resultOf(result), encode(command.answer as Codec<unknown>, answer));
}

/** A disk that does not do what it should is an answer too, and is told; the TPM goes on. */
function orIoError<T>(tpm: ServedTpm, body: () => T): T | number {
  try {
    return body();
  } catch (error) {
    if (error instanceof NvramError) return RESULT.IOERROR; // told by whoever keeps the folder
    if (!(error instanceof SimulatorError)) throw error;
    tpm.say(error.message);
    return RESULT.IOERROR;
  }
}

const resultOf = (result: number): Uint8Array => encode(UINT32, result);
