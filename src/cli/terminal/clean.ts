import { visibleLines } from '../../bytes/index.ts';
import type { Io } from '../io.ts';

/** What this program itself says to a terminal: colours, and to begin the line anew. */
const ESCAPE = '\u001b\\[';
const OWN = new RegExp(`(${ESCAPE}\\d{1,2}m|\r${ESCAPE}K)`);

/** All that is printed passes here: what a terminal would obey is shown instead, but for the program's own colours. */
export function clean(io: Io): Io {
  const through =
    (write: (text: string) => void, own: boolean) =>
    (text: string): void =>
      write(
        own
          ? text
              .split(OWN)
              .map((part, i) => (i % 2 === 1 ? part : visibleLines(part)))
              .join('')
          : visibleLines(text),
      );
  const out = through(text => io.out(text), io.colors || io.columns !== undefined);
  const err = through(text => io.err(text), io.errColors || io.columns !== undefined);
  // Not a copy: what a command does not ask for must not be opened.
  return Object.create(io, { out: { value: out }, err: { value: err } }) as Io;
}
