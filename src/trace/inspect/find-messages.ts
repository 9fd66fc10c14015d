import { codeOf, hasTpmHeader, sizeOf, TPM_HEADER_BYTES, tagOf } from '../../spec/index.ts';
import { isCapture, readCapture } from '../pcap/read-capture.ts';
import { type Inspected, inspectCommand, inspectResponse } from './tpm-message.ts';

/** A TPM message found somewhere, and where. */
export interface FoundMessage {
  /** `packet 12, 10.0.0.9 → 10.0.0.8`, `line 4`, or nothing. */
  readonly where: string;
  readonly bytes: Uint8Array;
  readonly inspected: Inspected;
}

const TAGS: ReadonlySet<number> = new Set([0x8001, 0x8002, 0x00c4]);
/** No TPM takes longer messages: a larger size is no size. */
const MOST_BYTES = 0x1_0000;

/** Finds TPM commands and responses in a capture, in text with hex digits (a log, a dump), or in bytes as they are. */
export function findMessages(given: Uint8Array): readonly FoundMessage[] {
  const pairing = new Pairing();
  if (isCapture(given)) {
    return readCapture(given).flatMap(({ number, from, to, fromPort, toPort, payload }) =>
      pairing.take(payload, `packet ${number}, ${from}:${fromPort} → ${to}:${toPort}`, [`${from}:${fromPort}`, `${to}:${toPort}`]),
    );
  }
  const text = asText(given);
  if (text === null) return pairing.take(given, '', []);
  const whole = hexOf(text);
  if (whole) return pairing.take(whole, '', []);
  return blocksOf(text).flatMap(({ line, bytes }) => pairing.take(bytes, `line ${line}`, []));
}

/** A response is read as the answer to the last command the other way: it does not say itself what it answers. */
class Pairing {
  readonly #waiting = new Map<string, number>();

  take(bytes: Uint8Array, where: string, [from = '', to = '']: readonly string[]): FoundMessage[] {
    return split(bytes).map((message, i) => {
      const at = where && i > 0 ? `${where}, message ${i + 1}` : where;
      return { where: at, bytes: message, inspected: this.#inspect(message, from, to) };
    });
  }

  #inspect(message: Uint8Array, from: string, to: string): Inspected {
    if (isCommand(message)) {
      const inspected = inspectCommand(message);
      if (inspected.code !== undefined) this.#waiting.set(`${from} ${to}`, inspected.code);
      return inspected;
    }
    return inspectResponse(message, this.#waiting.get(`${to} ${from}`));
  }
}

/** Codes of commands: 0x11f to 0x1ff, or a vendor's. Of responses none that a TPM 2.0 gives lies there with the high bits set. */
function isCommand(bytes: Uint8Array): boolean {
  if (!hasTpmHeader(bytes)) return true;
  const code = codeOf(bytes);
  if (code & 0x2000_0000) return true;
  // 0x11f..0x1ff are commands as well as format-one and version-one codes: a response with an error is ten bytes and no more.
  return code >= 0x11f && code <= 0x1ff && !(bytes.length === TPM_HEADER_BYTES && tagOf(bytes) === 0x8001 && !TEN_BYTE_COMMANDS.has(code));
}

/** Commands without handles and parameters: ClearControl has both, SelfTest has one; these have none. */
const TEN_BYTE_COMMANDS: ReadonlySet<number> = new Set([0x17c, 0x181, 0x187]);

/** The messages that stand one behind the other; what does not look like one is taken as one. */
function split(bytes: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  let at = 0;
  for (let rest = bytes; hasTpmHeader(rest) && TAGS.has(tagOf(rest)); rest = bytes.subarray(at)) {
    const size = sizeOf(rest);
    if (size < TPM_HEADER_BYTES || size > MOST_BYTES) break;
    messages.push(bytes.slice(at, at + size));
    at += size;
  }
  return messages.length === 0 ? [bytes] : messages;
}

function asText(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('latin1');
  return /^[\t\n\r\u0020-\u007e]*$/.test(text) ? text : null;
}

/** A text that is nothing but hex digits, in whatever notation: `80 01 ...`, `8001...`, `0x80, 0x01`, `80:01`. */
function hexOf(text: string): Uint8Array | null {
  const digits = text.replace(/0x(?=[0-9a-f]{2}\b)/gi, '').replace(/[\s,:;_{}-]/g, '');
  return digits.length > 0 && digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits) ? Uint8Array.from(Buffer.from(digits, 'hex')) : null;
}

/** Runs of hex in a log: lines of a dump put together, from each place that looks like the start of a message. */
function blocksOf(text: string): { line: number; bytes: Uint8Array }[] {
  const blocks: { line: number; digits: string }[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    const digits = (withoutFrame(line).match(HEX_RUN) ?? [])
      .map(run => run.replace(/0x|[\s,:]/gi, ''))
      .sort((a, b) => b.length - a.length)[0];
    if (!digits) return;
    const last = blocks.at(-1);
    const wants = last ? sizeWanted(last.digits) : 0;
    if (last && last.digits.length < wants * 2) last.digits += digits;
    else if (/^(8001|8002|00c4)/i.test(digits)) blocks.push({ line: i + 1, digits });
  });
  return blocks.map(({ line, digits }) => ({ line, bytes: Uint8Array.from(Buffer.from(digits, 'hex')) }));
}

/** Two hex digits, and more of them, with the same kind of gap: not the offset in front of a dump's line. */
const HEX_RUN = /(?<![0-9a-fx])(?:(?:0x)?[0-9a-f]{2}(?:(?:[ ,]+|:)(?=(?:0x)?[0-9a-f]{2}(?![0-9a-f])))?)+(?![0-9a-f])/gi;
/** A dump's line without the offset in front and the text behind. */
const withoutFrame = (line: string): string =>
  line
    .replace(/\|.*\|\s*$/, '')
    .replace(/(?<=^|\s)(?:0x)?[0-9a-f]{3,16}:(?=\s)/gi, '')
    .replace(/^\s*[0-9a-f]{6,16}(?= {2})/i, '');
const sizeWanted = (digits: string): number => (digits.length >= 12 ? Number.parseInt(digits.slice(4, 12), 16) : 6);
