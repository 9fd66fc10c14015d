import { hexDump, toHex } from '../../bytes/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { fieldLines, LiveCapture, painter } from '../../trace/index.ts';
import { type CheckFinding, type FoundMessage, KNOWN_DUMPS, MessageFinder, TrafficChecker } from '../../traffic/index.ts';
import { EXIT, type Io } from '../io.ts';
import { version } from '../version.ts';
import { choiceOf } from './choice.ts';
import type { DecodeFlags } from './flags.ts';
import { type Input, inputsOf } from './input.ts';

/** Shows the messages with their fields; exit status 1 when one of them cannot be decoded to its end. */
export async function decode(what: readonly string[], flags: DecodeFlags, io: Io): Promise<number> {
  const capture = flags.pcap === undefined ? undefined : new CaptureOfFound(flags.pcap);
  let whole = true;
  try {
    for (const input of inputsOf(what, flags.follow ?? false, io)) {
      if (!(await decodeInput(input, flags, io, capture))) whole = false;
    }
  } finally {
    capture?.close();
  }
  return whole ? EXIT.held : EXIT.failed;
}

/** Whether everything was read to its end. */
async function decodeInput(input: Input, flags: DecodeFlags, io: Io, capture: CaptureOfFound | undefined): Promise<boolean> {
  const finder = new MessageFinder();
  const choice = choiceOf(flags);
  const show = shower(flags, io);
  const checker = flags.check ? new TrafficChecker() : undefined;
  let findings = 0;
  const tell = (told: readonly CheckFinding[]): string => {
    findings += told.length;
    return told.map(flags.json ? finding => `${JSON.stringify(finding)}\n` : findingText).join('');
  };
  let [found, whole] = [0, true];
  const take = (messages: readonly FoundMessage[]): void => {
    let text = '';
    for (const message of messages) {
      found++;
      if (message.broken || message.inspected.fault) whole = false;
      if (checker) text += tell(checker.push(message));
      for (const chosen of choice.of(message)) {
        if (!checker) text += show(chosen);
        capture?.add(chosen);
      }
    }
    if (text !== '') io.out(text);
  };
  for await (const part of input.parts) take(finder.push(part));
  const { messages, problems } = finder.end();
  take(messages);
  if (found === 0) nothingIn(input.name, problems);
  if (checker) {
    io.out(tell(checker.end()));
    if (!flags.json) io.out(`${found} messages, ${findings === 0 ? 'nothing' : findings} found\n`);
  }
  for (const problem of problems) io.err(`${input.name}: ${problem}\n`);
  return whole && problems.length === 0 && findings === 0;
}

function nothingIn(name: string, problems: readonly string[]): never {
  const why = problems.length > 0 ? `: ${problems.join('; ')}` : '';
  throw new SimulatorError('decode.nothing', {
    where: name,
    what: `no TPM command or response is in it${why}`,
    hint: `Captures (pcap, pcapng) are read, bytes as they are, and dumps in text: ${KNOWN_DUMPS.map(({ program }) => program).join('; ')}.`,
  });
}

function shower({ json, bytes: dump }: DecodeFlags, io: Io): (message: FoundMessage) => string {
  if (json) return jsonLine;
  const paint = painter(io.colors);
  return ({ number, where, bytes, inspected, answers, broken }) => {
    const { rc, fault } = inspected;
    const heading = paint(titleOf(inspected, bytes.length), broken || fault || (rc && rc.code !== 0) ? 'bad' : 'heading');
    const place = [where, answers === undefined ? '' : `answers #${answers}`].filter(Boolean).join(', ');
    const about = paint(`  (${place})`, 'quiet');
    const lines = [
      `${heading}${place ? about : ''}${paint(`  #${number}`, 'quiet')}`,
      ...(broken ? [`  ! ${broken}`] : []),
      ...fieldLines(inspected),
      ...(dump ? [hexDump(bytes)] : []),
    ];
    return `${lines.join('\n')}\n\n`;
  };
}

const findingText = ({ number, where, rule, what, cure }: CheckFinding): string =>
  `#${number}${where ? ` (${where})` : ''}  ${rule}: ${what}\n    ${cure}\n`;

function titleOf({ kind, name, rc, tpm }: FoundMessage['inspected'], bytes: number): string {
  const said = rc ? `, ${rc.text}` : '';
  if (kind === 'response' && name === undefined) return `response to a command that is not here${said}, ${bytes} bytes`;
  return `${tpm ? `TPM ${tpm}: ` : ''}${name ?? 'unknown command'} ${kind}${said}, ${bytes} bytes`;
}

function jsonLine({ number, where, answers, broken, timeNs, conversation, bytes, inspected }: FoundMessage): string {
  return `${JSON.stringify({
    number,
    ...(where && { where }),
    ...(conversation && { conversation }),
    ...(timeNs !== undefined && { timeNs: String(timeNs) }),
    ...(answers !== undefined && { answers }),
    bytes: toHex(bytes),
    ...(broken && { broken }),
    ...inspected,
  })}\n`;
}

/** What was found as a capture: a connection for each conversation. */
class CaptureOfFound {
  readonly #capture: LiveCapture;
  readonly #clients = new Map<string, number>();

  constructor(file: string) {
    this.#capture = new LiveCapture(file, `svm-sim ${version()}`);
  }

  add({ conversation, inspected, bytes, timeNs = 0n }: FoundMessage): void {
    const client = this.#clients.get(conversation) ?? this.#clients.size;
    this.#clients.set(conversation, client);
    this.#capture.message(client, inspected.kind === 'command' ? 0 : 1, bytes, timeNs);
  }

  close(): void {
    this.#capture.close();
  }
}
