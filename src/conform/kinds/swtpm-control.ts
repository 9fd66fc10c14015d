import { concat, fromHex, toHex } from '../../bytes/index.ts';
import { answerOf } from '../../protocols/index.ts';
import { Clock, Random } from '../../sim/index.ts';
import { controlChannel, ServedTpm } from '../../tpm-serve/index.ts';
import { Differences, type PlayedCase } from '../played-case.ts';
import type { RecordingKind } from '../recording-kind.ts';

/**
 * A recording of swtpm's control channel beside its data channel: fixtures/observed/tpm/09-swtpm-control-channel.jsonl, described in the
 * README beside it.
 */
interface ControlLine {
  readonly seq: number;
  readonly dir: 'command' | 'response';
  readonly channel: 'control' | 'data';
  readonly name: string;
  /** Long messages are cut, and end in `...`. */
  readonly hex: string;
  /** Bytes of the whole message. */
  readonly length?: number;
  readonly note?: string;
}

/** Code, flags, type, length: what stands before the state in SET_STATEBLOB. */
const SET_HEADER = 16;
const TYPE_AT = 8;
/** Result, flags, total length, length: what stands before the state in the answer to GET_STATEBLOB. */
const GET_HEADER = 16;
const RESULT_BYTES = 4;
const GET_RANDOM = '0000017b';

export const swtpmControl: RecordingKind<ControlLine> = {
  name: 'swtpm-control',
  about: "swtpm's control channel beside its data channel: JSON lines with `dir`, `channel` and `hex`",
  recognises: (json): json is ControlLine =>
    typeof json === 'object' && json !== null && 'channel' in json && 'dir' in json && 'hex' in json,
  async *play(_first, { text }, wanted) {
    for (const played of playControl(text)) if (wanted(played.name)) yield played;
  },
};

/**
 * Plays the channels of swtpm on those of `svm-sim tpm serve`. Compared are all bytes but what is the TPM's own: random numbers, the
 * contents and length of its state (which is put back as ours was got), and the text about itself.
 */
function playControl(text: string): PlayedCase[] {
  const tpm = new ServedTpm({ random: new Random('swtpm control'), clock: new Clock(), nowNs: () => 0n, startup: 'none' });
  tpm.powerOff(); // swtpm waits for INIT
  const control = controlChannel(tpm, { onShutdown: () => {}, takesDescriptors: true });
  const states = new Map<number, Uint8Array>();
  const lines = text.split('\n').flatMap(line => (line.trim() === '' ? [] : [JSON.parse(line) as ControlLine]));
  const results: PlayedCase[] = [];
  lines.forEach((command, i) => {
    const response = lines[i + 1];
    if (command.dir !== 'command' || response?.dir !== 'response') return;
    const found = new Differences();
    const sent = command.name === 'CMD_SET_STATEBLOB' ? withOurState(bytesOf(command), states) : bytesOf(command);
    const answer = command.channel === 'data' ? tpm.execute(1, sent) : answerOf(control.take(sent));
    if (command.name === 'CMD_GET_STATEBLOB') states.set(new DataView(sent.buffer).getUint32(TYPE_AT), answer.slice(GET_HEADER));
    compare(found, command, response, answer);
    results.push({ name: `${command.seq} ${command.name}${command.note ? `: ${command.note}` : ''}`, differences: found.all });
  });
  return results;
}

const bytesOf = ({ hex }: ControlLine): Uint8Array => fromHex(hex.replace(/\.+$/, ''));

function withOurState(recorded: Uint8Array, states: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const head = recorded.slice(0, SET_HEADER);
  const view = new DataView(head.buffer);
  const state = states.get(view.getUint32(TYPE_AT)) ?? new Uint8Array(0);
  view.setUint32(SET_HEADER - 4, state.length);
  return concat(head, state);
}

function compare(found: Differences, command: ControlLine, response: ControlLine, answer: Uint8Array): void {
  const expected = bytesOf(response);
  const own = OWN[command.name] ?? (command.hex.slice(12, 20) === GET_RANDOM ? 12 : undefined);
  const compared = own === undefined || expected.length <= own ? expected.length : own;
  found.compare('response', toHex(expected.subarray(0, compared)), toHex(answer.subarray(0, compared)));
  if (own === undefined || command.channel === 'data') found.compare('length', response.length ?? expected.length, answer.length);
}

/** From which byte of the answer on it is the TPM's own. */
const OWN: Readonly<Record<string, number>> = { CMD_GET_STATEBLOB: RESULT_BYTES, CMD_GET_INFO: RESULT_BYTES };
