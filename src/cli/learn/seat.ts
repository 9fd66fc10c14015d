import { createInterface, emitKeypressEvents } from 'node:readline';
import type { Seat } from '../../learn/index.ts';
import { painter } from '../../trace/index.ts';
import type { Io } from '../io.ts';

/** Standard input, or what a test gives for it. */
export type Input = NonNullable<Io['input']>;

/** A seat with its end: afterwards the input keeps the program no longer. */
export interface OpenSeat extends Seat {
  close(): void;
}

interface Key {
  readonly name?: string;
  readonly sequence?: string;
  readonly ctrl?: boolean;
}

/** A seat at a keyboard, if the input is a terminal that gives single keys; else one where lines are read. */
export function seatAt(io: Io): OpenSeat {
  const { input } = io;
  const look = { columns: io.columns, paint: painter(io.colors), say: (text: string) => io.out(text) };
  if (!input) return { ...look, line: () => Promise.resolve(undefined), close: () => {} };
  return input.isTTY && input.setRawMode && io.columns !== undefined ? keyboard(input, io, look) : lineByLine(input, look);
}

function lineByLine(input: Input, look: Omit<Seat, 'line'>): OpenSeat {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const each = lines[Symbol.asyncIterator]();
  return {
    ...look,
    async line(prompt) {
      look.say(prompt);
      const { value, done } = await each.next();
      look.say(done ? '\n' : `${value}\n`); // what was read, as a terminal shows it
      return done ? undefined : value;
    },
    close: () => lines.close(),
  };
}

function keyboard(input: Input, io: Io, look: Omit<Seat, 'line'>): OpenSeat {
  const waiting: Key[] = [];
  let ended = false;
  let wake = (): void => {};
  const onKey = (text: string | undefined, key: Key): void => {
    waiting.push({ ...key, sequence: key.sequence ?? text ?? '' });
    wake();
  };
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  emitKeypressEvents(input);
  input.setRawMode?.(true);
  input.on('keypress', onKey).on('end', onEnd);
  input.resume();
  io.signal.addEventListener('abort', onEnd, { once: true });

  const next = async (): Promise<Key | undefined> => {
    while (waiting.length === 0 && !ended) {
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
    const key = ended ? undefined : waiting.shift();
    if (!(key?.ctrl && (key.name === 'c' || key.name === 'd'))) return key;
    ended = true;
    return undefined;
  };
  return {
    ...look,
    async key() {
      const key = await next();
      if (!key) return undefined;
      return key.sequence && /^[ -~]$/.test(key.sequence) ? key.sequence.toLowerCase() : (key.name ?? key.sequence);
    },
    async line(prompt) {
      look.say(prompt);
      let typed = '';
      for (;;) {
        const key = await next();
        if (!key || key.name === 'return' || key.name === 'enter') {
          look.say('\n');
          return key ? typed : undefined;
        }
        if (key.name === 'backspace' && typed !== '') {
          typed = typed.slice(0, -1);
          look.say('\b \b');
        } else if (key.sequence && /^\P{Control}$/u.test(key.sequence)) {
          typed += key.sequence;
          look.say(key.sequence);
        }
      }
    },
    close() {
      input.setRawMode?.(false);
      input.off('keypress', onKey).off('end', onEnd);
      input.pause();
    },
  };
}
