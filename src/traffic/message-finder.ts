import { CaptureReader } from './capture/capture-reader.ts';
import { isCapture } from './capture/packets.ts';
import { Conversations, type FoundMessage } from './conversation.ts';
import { beginsMessage, type Sighting, u32 } from './message.ts';
import { TextReader } from './text/text-reader.ts';

/** What is read as one kind of input. */
interface Source {
  push(part: Uint8Array): readonly Sighting[];
  end(): { readonly found: readonly Sighting[]; readonly problems: readonly string[] };
}

/** Bytes that tell what an input is. */
const ENOUGH = 64;

/** Finds TPM messages in input of any kind as it comes: a capture, a log or dump in any encoding, bytes as they are. */
export class MessageFinder {
  readonly #conversations = new Conversations();
  #source: Source | undefined;
  #head: Uint8Array = new Uint8Array(0);

  push(part: Uint8Array): readonly FoundMessage[] {
    if (this.#source) return this.#pair(this.#source.push(part));
    this.#head = Buffer.concat([this.#head, part]);
    // A short line may be all that comes for a long time.
    if (this.#head.length < ENOUGH && !this.#head.includes(10)) return [];
    return this.#begin();
  }

  /** What is left when the input is at its end, and what was wrong with it as a whole. */
  end(): { readonly messages: readonly FoundMessage[]; readonly problems: readonly string[] } {
    const begun = this.#source ? [] : this.#begin();
    const { found, problems } = (this.#source as Source).end();
    return { messages: [...begun, ...this.#pair(found)], problems };
  }

  #begin(): readonly FoundMessage[] {
    this.#source = sourceOf(this.#head);
    const head = this.#head;
    this.#head = new Uint8Array(0);
    return this.#pair(this.#source.push(head));
  }

  readonly #pair = (found: readonly Sighting[]): readonly FoundMessage[] =>
    found.flatMap(sighting => this.#conversations.take(sighting) ?? []);
}

function sourceOf(head: Uint8Array): Source {
  if (isCapture(head)) return new CaptureReader();
  if (beginsMessage(head)) return new PlainBytes();
  const encoding = encodingOf(head);
  return encoding ? new Text(encoding) : new Strange(head);
}

/** UTF-16 by its mark or by the zeros of ASCII in it; nothing for bytes that are no text. */
function encodingOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const zeros = [0, 0];
  let controls = 0;
  head.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1;
    else if (byte < 0x20 && !(byte >= 7 && byte <= 13) && byte !== 0x1b) controls++;
  });
  const [even = 0, odd = 0] = zeros;
  if (odd > head.length / 4 && even === 0) return 'utf-16le';
  if (even > head.length / 4 && odd === 0) return 'utf-16be';
  return even + odd + controls > head.length / 10 ? undefined : 'utf-8';
}

class Text implements Source {
  readonly #decoder: InstanceType<typeof TextDecoder>;
  readonly #reader = new TextReader();
  #left = '';

  constructor(encoding: string) {
    this.#decoder = new TextDecoder(encoding);
  }

  push(part: Uint8Array): readonly Sighting[] {
    const lines = (this.#left + this.#decoder.decode(part, { stream: true })).split('\n');
    this.#left = lines.pop() as string;
    const found: Sighting[] = [];
    for (const line of lines) for (const sighting of this.#reader.push(line)) found.push(sighting);
    return found;
  }

  end() {
    return { found: [...this.#reader.push(this.#left + this.#decoder.decode()), ...this.#reader.end()], problems: [] };
  }
}

/** Messages one behind the other. */
class PlainBytes implements Source {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  push(part: Uint8Array): readonly Sighting[] {
    this.#bytes = this.#bytes.length === 0 ? part : Buffer.concat([this.#bytes, part]);
    const found: Sighting[] = [];
    while (beginsMessage(this.#bytes)) {
      const size = u32(this.#bytes, 2);
      if (this.#bytes.length < size) break;
      found.push(this.#take(size));
    }
    return found;
  }

  #take(size: number, broken?: string): Sighting {
    const where = this.#at === 0 ? '' : `byte ${this.#at}`;
    const bytes = Uint8Array.from(this.#bytes.subarray(0, size));
    this.#bytes = this.#bytes.subarray(size);
    this.#at += size;
    return { where, bytes, conversation: '', ...(broken && { broken }) };
  }

  end() {
    const left = this.#bytes.length;
    if (left === 0) return { found: [], problems: [] };
    if (beginsMessage(this.#bytes))
      return { found: [this.#take(left, `${left} of ${u32(this.#bytes, 2)} bytes: the message is cut off`)], problems: [] };
    return { found: [], problems: [`${left} ${left === 1 ? 'byte' : 'bytes'} from byte ${this.#at} on are no TPM message`] };
  }
}

/** What other files of the field begin with. */
const OTHER_FILES: readonly { readonly begins: string; readonly is: string }[] = [
  { begins: 'badcc0de', is: 'a context that tpm2-tools saved (tpm2_contextsave, tpm2_createprimary -c)' },
  { begins: 'd00dfeed', is: 'a flattened device tree: see svm-sim esm inspect' },
  { begins: '1f8b', is: 'compressed with gzip: give it uncompressed' },
  { begins: '28b52ffd', is: 'compressed with zstd: give it uncompressed' },
  { begins: 'fd377a58', is: 'compressed with xz: give it uncompressed' },
];

/** Bytes that are neither text nor messages. */
class Strange implements Source {
  readonly #is: string | undefined;
  constructor(head: Uint8Array) {
    const begins = Buffer.from(head.subarray(0, 4)).toString('hex');
    this.#is = OTHER_FILES.find(file => begins.startsWith(file.begins))?.is;
  }
  readonly push = (): readonly Sighting[] => [];
  readonly end = () => ({ found: [], problems: this.#is ? [`it is ${this.#is}`] : [] });
}
