/** A value as QEMU has it after parsing: text from `key=value`, anything from JSON. */
export type Values = ReadonlyMap<string, unknown>;

export interface ParsedOptions {
  readonly values: Values;
  /** `help` or `?` stood among them. */
  readonly help: boolean;
  /** Words without `=` behind the first: taken for `word=on`. */
  readonly shortForms: readonly string[];
}

/**
 * `first,key=value,key=va,,lue` (QEMU util/qemu-option.c): the first word without a key gets `implied`, two commas are one in the
 * value, a key that stands twice has its last value.
 */
export function parseOptions(text: string, implied: string): ParsedOptions {
  const values = new Map<string, unknown>();
  const shortForms: string[] = [];
  let help = false;
  for (const [index, part] of split(text).entries()) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    if (key === 'help' || part === '?') help = true;
    else if (equals >= 0) values.set(key, part.slice(equals + 1));
    else if (index === 0) {
      if (part !== '') values.set(implied, part);
    } else {
      values.set(part, 'on');
      shortForms.push(part);
    }
  }
  return { values, help, shortForms };
}

/** Splits at single commas, and makes two of them one. */
function split(text: string): readonly string[] {
  const doubled = text.split(',,'); // a,,b,c: the comma of `a,b`, then one that separates
  const parts: string[] = [];
  for (const [index, piece] of doubled.entries()) {
    const [first = '', ...rest] = piece.split(',');
    if (index === 0) parts.push(first);
    else parts.push(`${parts.pop()},${first}`);
    parts.push(...rest);
  }
  return parts;
}

/** What QEMU adds to the refusal of an id, on a line of its own (id_wellformed of util/id.c). */
export const IDENTIFIER_RULE = "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.";
export const isIdentifier = (id: string): boolean => /^[A-Za-z][\w.-]*$/.test(id);

export const textOf = (values: Values, key: string): string | undefined => {
  const value = values.get(key);
  return value === undefined ? undefined : String(value);
};
