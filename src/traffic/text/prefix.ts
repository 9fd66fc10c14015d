/** A process of a logger: `swtpm[700]`, `(tpm2-abrmd:700)`. Lines of two processes are of two conversations. */
const PROCESS = /[\w.-]+\[\d+\]|\([\w.-]+:\d+\)/;
const MONTHS = /\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b/g;

/** What stands in front of digits without what changes from line to line: times, dates, counters. */
export function steady(prefix: string): string {
  if (prefix.trim() === '') return '';
  const process = processOf(prefix);
  return `${prefix
    .replace(PROCESS, ' ')
    .replace(MONTHS, 'Mon')
    .replace(/\s*\d+/g, '0')
    .replace(/\s+/g, ' ')
    .trim()}${process}`;
}

export const processOf = (line: string): string => PROCESS.exec(line)?.[0] ?? '';

/** How offsets in front of a row may be counted. */
export const OFFSET_BASES = [16, 10, 8] as const;
export type OffsetBase = (typeof OFFSET_BASES)[number];

/** A number in front of the digits of a row that may be an offset or an address. */
export interface OffsetText {
  /** What stands in front of it. */
  readonly lead: string;
  readonly digits: string;
}

const OFFSET = /(?<![0-9a-z.:/-])(?:0x)?(?<digits>[0-9a-f]{2,16})(?:h?:? {1,11}|:?\t|[:|] ?\|? ?)$/i;

export function offsetIn(prefix: string): OffsetText | undefined {
  const found = OFFSET.exec(prefix);
  return found?.groups?.digits ? { lead: prefix.slice(0, found.index), digits: found.groups.digits } : undefined;
}

/** The value of an offset's digits; undefined when the base has no such digits. */
export function offsetValue(digits: string, base: OffsetBase): bigint | undefined {
  if (base === 16) return BigInt(`0x${digits}`);
  if (base === 8) return /^[0-7]+$/.test(digits) ? BigInt(`0o${digits}`) : undefined;
  return /^\d+$/.test(digits) ? BigInt(digits) : undefined;
}
