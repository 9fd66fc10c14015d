// What comes from outside may hold anything: sequences that a terminal obeys, line ends, marks that turn the order of letters.

/** C0, DEL, C1, line and paragraph separator, and the marks of writing direction. */
const CONTROL = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\ufeff]/gu;
const SHORT: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

const escaped = (char: string): string => {
  const code = char.charCodeAt(0);
  return SHORT.get(char) ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`);
};

/** Text as one line that does nothing but stand there: each control character is shown as an escape. */
export const visible = (text: string): string => text.replace(CONTROL, escaped);

/** The same of several lines: line ends and tabs stay. */
export const visibleLines = (text: string): string =>
  text.replace(CONTROL, char => (char === '\n' || char === '\t' ? char : escaped(char)));

/** A value with each text in it as {@link visible} has it. */
export function visibleDeep<T>(value: T): T {
  if (typeof value === 'string') return visible(value) as T;
  if (Array.isArray(value)) return value.map(visibleDeep) as T;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Map || value instanceof Set)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visibleDeep(inner)])) as T;
}
