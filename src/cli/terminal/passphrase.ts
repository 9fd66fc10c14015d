import { createInterface } from 'node:readline';
import { SimulatorError } from '../../sim/index.ts';
import { readNamed } from '../../svm/owner/recipe/index.ts';
import { Interrupted } from './interrupted.ts';

/** Where passphrases are typed, or piped in. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  /** Takes prompts; never what is typed. */
  tell(text: string): void;
}

/**
 * As many passphrases as there are prompts: typed without echo, or the first lines of standard input when that is no terminal. Fewer
 * come back when the input ends.
 */
export async function askPassphrases(prompts: readonly string[], { input, tell }: Terminal): Promise<string[]> {
  return input.isTTY && input.setRawMode ? typed(prompts, input, tell) : lines(prompts.length, input);
}

/** The first line of a file, without its end. @throws {SimulatorError} `file.unreadable` */
export async function passphraseFile(file: string): Promise<string> {
  const text = Buffer.from(await readNamed(file)).toString('utf8');
  return text.split(/\r?\n/, 1)[0] ?? '';
}

/** The passphrase of a private key that has one: of the file that was given, or asked for as svm-tool does. */
export function keyPassphrase(terminal: Terminal, file?: string): (key: string) => Promise<string> {
  return async key => {
    if (file !== undefined) return passphraseFile(file);
    const [passphrase] = await askPassphrases([`Enter passphrase for key '${key}':`], terminal);
    return passphrase ?? '';
  };
}

/** The passphrase of a new private key, asked for twice; empty: none. */
export async function newPassphrase(terminal: Terminal, file?: string): Promise<string> {
  if (file !== undefined) return passphraseFile(file);
  const [first = '', again = first] = await askPassphrases(
    ['Enter passphrase (empty for no passphrase):', 'Enter same passphrase again:'],
    terminal,
  );
  if (first === again) return first;
  throw new SimulatorError('key.passphrases-differ', { what: 'the passphrases do not match' });
}

async function lines(count: number, input: NodeJS.ReadableStream): Promise<string[]> {
  const found: string[] = [];
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    found.push(line);
    if (found.length === count) break;
  }
  return found;
}

async function typed(prompts: readonly string[], input: Terminal['input'], tell: Terminal['tell']): Promise<string[]> {
  const keys = new Keystrokes(input);
  input.setRawMode?.(true);
  try {
    const found: string[] = [];
    for (const prompt of prompts) {
      tell(prompt);
      const line = await typedLine(keys);
      tell('\n');
      if (line === undefined) break;
      found.push(line);
    }
    return found;
  } finally {
    input.setRawMode?.(false);
    keys.close();
  }
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';

/** A line, edited as terminals do; undefined when the input ends. */
async function typedLine(keys: Keystrokes): Promise<string | undefined> {
  let line: string[] = [];
  for (;;) {
    const key = await keys.next();
    if (key === undefined || (key === CTRL_D && line.length === 0)) return undefined;
    if (key === '\r' || key === '\n') return line.join('');
    if (key === CTRL_C) throw new Interrupted();
    if (key === '\b' || key === '\u007f') line = line.slice(0, -1);
    else if (key === CTRL_U) line = [];
    else if (key !== CTRL_D) line.push(key);
  }
}

/** What is typed, a character at a time; several may come at once when a line is pasted. */
class Keystrokes {
  readonly #input: Terminal['input'];
  readonly #keys: string[] = [];
  #ended = false;
  #wake = () => {};

  constructor(input: Terminal['input']) {
    this.#input = input;
    input.setEncoding('utf8');
    input.on('data', this.#data).on('end', this.#end);
  }

  readonly #data = (chunk: string): void => {
    this.#keys.push(...Array.from(chunk));
    this.#wake();
  };

  readonly #end = (): void => {
    this.#ended = true;
    this.#wake();
  };

  async next(): Promise<string | undefined> {
    while (this.#keys.length === 0 && !this.#ended) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    return this.#keys.shift();
  }

  /** Standard input stays open, but keeps the program no longer. */
  close(): void {
    this.#input.off('data', this.#data).off('end', this.#end);
    this.#input.pause();
  }
}
