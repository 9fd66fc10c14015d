/** Bytes as digits of a line say them. */
export interface Run {
  readonly bytes: readonly number[];
  /** Where each byte's digits begin, from the first byte's. */
  readonly columns: readonly number[];
  /** The column behind the last digit. */
  readonly end: number;
}

/** A way to write bytes as text. */
export interface Notation {
  readonly name: string;
  /** The tag with which a TPM message begins, with nothing in front that would make it part of a longer word. Global. */
  readonly start: RegExp;
  /** Whether digits stand in columns of one width, so that the first line tells where those of the next ones are. */
  readonly columns: boolean;
  /** The bytes from a column on; `sep` is what stands between the first two, where it is known already. */
  scan(line: string, at: number): Run;
  /** Whether what stands directly in front of a column is more of the same run of bytes. */
  readonly more?: RegExp;
}

const hexDigit = (code: number): number =>
  code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : code >= 0x41 && code <= 0x46 ? code - 0x37 : -1;
const isWord = (code: number): boolean =>
  hexDigit(code) >= 0 || (code >= 0x67 && code <= 0x7a) || (code >= 0x47 && code <= 0x5a) || code === 0x5f;

const BLANK = 0x20;
const TAB = 9;

/** Pairs of digits, alone or in groups, with one blank between; a wider gap once, behind the eighth byte, as `hexdump -C` has it. */
function scanHex(line: string, from: number): Run {
  const bytes: number[] = [];
  const columns: number[] = [];
  let at = from;
  for (;;) {
    const token = at;
    let end = at;
    while (hexDigit(line.charCodeAt(end)) >= 0) end++;
    if (end === token || (end - token) % 2 === 1 || isWord(line.charCodeAt(end))) break;
    for (; at < end; at += 2) {
      bytes.push(hexDigit(line.charCodeAt(at)) * 16 + hexDigit(line.charCodeAt(at + 1)));
      columns.push(at - from);
    }
    const next = afterGap(line, end, bytes.length);
    if (next < 0) return { bytes, columns, end };
    at = next;
  }
  return { bytes, columns, end: from + (columns.at(-1) ?? -2) + 2 };
}

/** Behind the blank between two groups; -1 where digits end. */
function afterGap(line: string, at: number, bytes: number): number {
  const code = line.charCodeAt(at);
  if (code === BLANK || code === TAB) {
    if (line.charCodeAt(at + 1) !== BLANK) return at + 1;
    return bytes === 8 && line.charCodeAt(at + 2) !== BLANK ? at + 2 : -1;
  }
  // The middle of a row in dumps that look like MS-DOS DEBUG's.
  return bytes === 8 && code === 0x2d ? at + 1 : -1;
}

function isGap(line: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = line.charCodeAt(at);
    if (code !== BLANK && code !== TAB && code !== 0x2d) return false;
  }
  return true;
}

/** The bytes that stand in the columns of a row before; further ones only where that row had no text behind its digits. */
export function scanColumns(line: string, from: number, columns: readonly number[], open: boolean): Run {
  const bytes: number[] = [];
  let end = from;
  for (const column of columns) {
    const at = from + column;
    const [high, low] = [hexDigit(line.charCodeAt(at)), hexDigit(line.charCodeAt(at + 1))];
    if (high < 0 || low < 0 || (at > end && !isGap(line, end, at))) break;
    bytes.push(high * 16 + low);
    end = at + 2;
  }
  if (isWord(line.charCodeAt(end)) && hexDigit(line.charCodeAt(end)) < 0) bytes.pop();
  if (open && bytes.length === columns.length) {
    const whole = scanHex(line, from);
    if (whole.bytes.length > bytes.length) return whole;
  }
  return { bytes, columns: columns.slice(0, bytes.length), end };
}

/** Tokens of one pattern with separators of one pattern. */
function scanList(token: RegExp, separator: RegExp, value: (text: string) => number) {
  return (line: string, from: number): Run => {
    const bytes: number[] = [];
    const columns: number[] = [];
    let [at, end] = [from, from];
    for (;;) {
      token.lastIndex = at;
      const found = token.exec(line);
      if (!found) break;
      const byte = value(found[0]);
      if (byte < -128 || byte > 255) break;
      bytes.push(byte & 0xff);
      columns.push(at - from);
      end = token.lastIndex;
      separator.lastIndex = end;
      if (!separator.test(line)) break;
      at = separator.lastIndex;
    }
    return { bytes, columns, end };
  };
}

const hexOf = (text: string): number => Number.parseInt(text.replace(/^0x|^\\x/i, ''), 16);

/** What C, Python, Go, Rust and strace write into a string. */
const LETTERS: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, e: 27 };

function scanEscapes(line: string, from: number): Run {
  const quote = '"\'`'.includes(line.charAt(from - 1)) && from > 0 ? line.charAt(from - 1) : undefined;
  const bytes: number[] = [];
  const columns: number[] = [];
  let at = from;
  for (; at < line.length; ) {
    const start = at;
    const char = line.charAt(at);
    if (char === quote) break;
    if (char === '\\') {
      const sequence = /\\(?:x([0-9a-f]{1,2})|u00([0-9a-f]{2})|([0-7]{1,3})|(.))/iy;
      sequence.lastIndex = at;
      const found = sequence.exec(line);
      if (!found) break;
      const [whole, x, u, octal, letter = ''] = found;
      const hex = x ?? u;
      bytes.push(
        hex === undefined
          ? (octal === undefined ? (LETTERS[letter] ?? letter.charCodeAt(0)) : Number.parseInt(octal, 8)) & 0xff
          : Number.parseInt(hex, 16),
      );
      at += whole.length;
    } else if (quote !== undefined && char.charCodeAt(0) < 0x7f) {
      bytes.push(char.charCodeAt(0));
      at++;
    } else break;
    columns.push(start - from);
  }
  return { bytes, columns, end: at };
}

function scanBase64(line: string, from: number): Run {
  const digits = /[A-Za-z0-9+/_-]*/y;
  digits.lastIndex = from;
  const text = digits.exec(line)?.[0] ?? '';
  const bytes = [...Buffer.from(text, 'base64')];
  return { bytes, columns: bytes.map((_, i) => i), end: from + text.length };
}

/** Words of a machine whose low byte comes first: `od -x`, `hexdump` without options, `xxd -e`. */
function scanWords(line: string, from: number): Run {
  const { bytes, columns, end } = scanHex(line, from);
  const size = hexDigit(line.charCodeAt(from + 4)) >= 0 ? 4 : 2;
  const swapped: number[] = [];
  for (let i = 0; i < bytes.length; i += size) swapped.push(...bytes.slice(i, i + size).reverse());
  return { bytes: swapped, columns, end };
}

/** In the order in which they are tried at one place. */
export const NOTATIONS: readonly Notation[] = [
  {
    name: 'hex digits',
    start: /(?<=(?<![0-9a-z_\\])(?:0x)?)(?:80 ?0[12]|00 ?c[1-6])(?=[0-9a-f]{2}|\s|$)/gi,
    columns: true,
    scan: scanHex,
    more: /(?<![0-9a-z.:])(?:[0-9a-f]{2}|[0-9a-f]{4}|[0-9a-f]{8}) {1,2}(?:[0-9a-f]{2}|[0-9a-f]{4}|[0-9a-f]{8}) {1,2}$/i,
  },
  {
    name: 'hex digits with a mark between',
    start: /(?<![0-9a-z_\\])(?<![0-9a-f]{2}[:;,-] ?)(?:80[:;,-] ?0[12]|00[:;,-] ?c[1-6])(?=[:;,-]|\s|$)/gi,
    columns: false,
    scan: scanList(/[0-9a-f]{2}(?![0-9a-z])/iy, /[:;,-] ?/y, hexOf),
  },
  {
    name: 'numbers with 0x',
    start: /(?<![0-9a-z_]|0x[0-9a-f]{1,2}[,;\s]{1,2})(?:0x80[,;\s]{1,2}0x0?[12]|0x00?[,;\s]{1,2}0xc[1-6])(?![0-9a-f])/gi,
    columns: false,
    scan: scanList(/0x[0-9a-f]{1,2}(?![0-9a-z])/iy, /[,;]\s*|\s+/y, hexOf),
  },
  {
    name: 'escapes in a string',
    start: /(?<!\\x[0-9a-f]{2}|\\[0-7]{1,3})(?:\\x80\\x0[12]|\\u0080\\u000[12]|\\200\\(?:00)?[12]|\\x00\\xc[1-6]|\\(?:00)?0\\30[1-6])/gi,
    columns: false,
    scan: scanEscapes,
  },
  {
    name: 'octal numbers',
    start: /(?<![0-9a-z.,:-])(?<!(?<![0-9a-z])[0-3][0-7]{2} )(?:200 00[12]|000 30[1-6])(?= 000 |\s*$)/g,
    columns: false,
    scan: scanList(/[0-3][0-7]{2}(?![0-9a-z])/iy, / (?! )/y, text => Number.parseInt(text, 8)),
  },
  {
    name: 'decimal numbers',
    start: /(?<![0-9a-z.:])(?<!(?<!\d)\d{1,3}(?:,\s*|\s+)-?)(?:-?128(?:,\s*|\s+)0*[12]|0+(?:,\s*|\s+)(?:19[3-8]|-6[0-3]|-5[89]))(?=,|\s)/g,
    columns: false,
    scan: scanList(/-?\d{1,3}(?![0-9a-z])/iy, /,\s*|\s+/y, Number),
  },
  {
    name: 'base64',
    start: /(?<![A-Za-z0-9+/_-])(?:gA[EI]AA|AM[EIMQUY]AA)/g,
    columns: false,
    scan: scanBase64,
  },
  {
    name: 'words, low byte first',
    start: /(?<![0-9a-z_\\]|[.:-])(?:(?:0[12]80|c[1-6]00) 0000|(?:00000[12]80|0000c[1-6]00) [0-9a-f]{8})(?=\s|$)/gi,
    columns: false,
    scan: scanWords,
  },
];

/** Whether a line can begin a message at all: one look instead of eight. */
export const MAY_START =
  /80[\s:;,-]{0,2}(?:0x)?0?[12]|00[ :;,-]{0,2}(?:0x)?c[1-6]|x80\\x0|\\200|0\\30[1-6]|u0080|0[12]80|c[1-6]00|128|200 00|000 30|gA[EI]A|AM[EIMQUY]A|0x0,? 0xc|0,? +(?:19[3-8]|-6|-5)|\\x00\\xc/i;
