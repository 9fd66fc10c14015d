import { beginsMessage, type Direction, isSize, u32 } from '../message.ts';
import { type Notation, type Run, scanColumns } from './notations.ts';
import { OFFSET_BASES, type OffsetBase, offsetIn, offsetValue, steady } from './prefix.ts';

/** What a row of digits is to a block. */
export type Offer = 'taken' | 'not mine' | 'breaks' | 'begins another';

export interface BlockStart {
  readonly notation: Notation;
  readonly line: string;
  /** Number of the line, from 1. */
  readonly number: number;
  readonly column: number;
  readonly run: Run;
  /** Bytes that a line before said would follow. */
  readonly announced: number | undefined;
  readonly direction: Direction | undefined;
  readonly conversation: string;
}

/** How many lines of something else may stand between two rows of one message. */
const MOST_BETWEEN = 16;

/**
 * The rows of one dump: digits in one notation, behind one prefix, in one column, with offsets that count the bytes where rows have
 * offsets. A row belongs to it only if all of these agree.
 */
export class Block {
  readonly start: BlockStart;
  readonly bytes: number[] = [];
  /** Of the first row; a piece that is read by itself has a first row of its own. */
  #columns: readonly number[] | undefined;
  /** Whether something stands behind the digits of a row: then rows have no more bytes than the first. */
  #text: boolean;
  #prefix: string;
  #steady: string;
  #first: bigint | undefined;
  #digits: string | undefined;
  #base: OffsetBase | undefined;
  #lead: string;
  /** Bytes in rows so far, those of finished messages too. */
  #rowBytes = 0;
  #lastRow: readonly number[] = [];
  #rows = 1;
  #lastLine: number;
  #squeezed = false;
  /** What is known of the block once the row that is looked at is taken. */
  #agreed: (() => void) | undefined;
  announced: number | undefined;
  line: number;
  direction: Direction | undefined;
  /** Read piece by piece, as the announcements say. */
  pieces = false;
  /** What is wrong with the rows. */
  fault: string | undefined;

  constructor(start: BlockStart) {
    this.start = start;
    this.line = start.number;
    this.#lastLine = start.number;
    this.announced = start.announced;
    this.direction = start.direction;
    this.#prefix = start.line.slice(0, start.column);
    this.#steady = steady(this.#prefix);
    this.#columns = start.run.columns;
    this.#text = start.line.slice(start.run.end).trim() !== '';
    const offset = offsetIn(this.#prefix);
    this.#digits = offset?.digits;
    this.#lead = steady(offset?.lead ?? '');
    // An offset of nothing but zeros is one; another number may be a process or an address: the second row tells.
    if (offset && /^0{3,}$/.test(offset.digits)) this.#first = 0n;
    this.#take(start.run.bytes);
  }

  /** Bytes of the message that are still to come. */
  get wants(): number {
    if (this.bytes.length < 6) return 6 - this.bytes.length;
    const size = u32(this.bytes, 2);
    // A size that is none: what was announced, or the row itself.
    return (isSize(size) ? size : (this.announced ?? this.#rowBytes)) - this.bytes.length;
  }
  get complete(): boolean {
    return this.bytes.length >= 6 && this.wants <= 0;
  }
  get offsets(): boolean {
    return this.#first !== undefined;
  }

  #take(bytes: readonly number[]): void {
    for (const byte of bytes) this.bytes.push(byte);
    this.#rowBytes += bytes.length;
    this.#lastRow = bytes;
  }

  /** The next rows are a piece by themselves, with offsets of their own. */
  nextPiece(length: number): void {
    this.announced = (this.announced ?? 0) + length;
    this.pieces = true;
    this.#rowBytes = 0;
    this.#columns = undefined;
  }

  /** Takes the message that is done out of the block; what is left of the row stays. */
  cut(): Uint8Array {
    return Uint8Array.from(this.bytes.splice(0, Math.max(10, this.bytes.length + Math.min(0, this.wants))));
  }

  offer(line: string, number: number): Offer {
    if (this.#squeezed || line.endsWith('*')) {
      if (this.#isStar(line)) {
        this.#squeezed = true;
        return 'taken';
      }
    }
    if (!this.offsets && number - this.#lastLine > MOST_BETWEEN) return 'breaks';
    this.#agreed = undefined;
    const column = this.#columnOf(line, number);
    if (column === undefined) return this.#squeezed ? this.#endOf(line) : 'not mine';
    if (column === 'gap') return 'breaks';
    const run = this.#scan(line, column);
    if (run.bytes.length === 0 || !this.#endsWell(line, run)) return 'not mine';
    if (!this.#columns) {
      this.#columns = run.columns;
      this.#text = line.slice(run.end).trim() !== '';
    }
    if (!this.offsets && beginsMessage(run.bytes) && !this.#isAnnounced()) return 'begins another';
    if (!this.offsets && run.bytes.length > this.wants && !beginsMessage(run.bytes.slice(this.wants))) return 'breaks';
    (this.#agreed as (() => void) | undefined)?.();
    this.#rows++;
    this.#lastLine = number;
    this.#prefix = line.slice(0, column);
    this.#take(run.bytes);
    return 'taken';
  }

  #scan(line: string, column: number): Run {
    const { notation } = this.start;
    return notation.columns && this.#columns ? scanColumns(line, column, this.#columns, !this.#text) : notation.scan(line, column);
  }

  /** The announced length is the message's: then nothing in it begins another. */
  #isAnnounced(): boolean {
    return this.announced !== undefined && this.bytes.length >= 6 && this.announced === u32(this.bytes, 2);
  }

  /** Behind the digits stands nothing, or what stood behind those of the first row. */
  #endsWell(line: string, { end }: Run): boolean {
    if (end >= line.length) return true;
    const rest = line.slice(end);
    if (/^[\s"'\]})>,;\\|&]*$/.test(rest)) return true;
    if (/^\s*\|.*\|$/.test(rest)) return true;
    return this.#text && (/^(?:\s{2,}|\s*[|>])/.test(rest) || !/^[0-9a-z]/i.test(rest));
  }

  #columnOf(line: string, number: number): number | 'gap' | undefined {
    const { column } = this.start;
    if (!this.offsets && this.#digits === undefined && line.startsWith(this.#prefix) && this.#isDigitAt(line, this.#prefix.length))
      return this.#prefix.length;
    const same = this.#fits(line, column, number);
    if (same !== undefined) return same === 'gap' ? 'gap' : column;
    for (const found of line.matchAll(/(?<=^|[\s"'[{(|:=])(?=[0-9a-f\\-])/gi)) {
      if (found.index === column || !this.#isDigitAt(line, found.index)) continue;
      const fits = this.#fits(line, found.index, number);
      if (fits === true && !this.#endsWell(line, this.#scan(line, found.index))) continue;
      if (fits !== undefined) return fits === 'gap' ? 'gap' : found.index;
    }
    return undefined;
  }

  readonly #isDigitAt = (line: string, at: number): boolean => this.start.notation.scan(line, at).bytes.length > 0;

  /** Whether digits in this column continue the block. */
  #fits(line: string, column: number, number: number): true | 'gap' | undefined {
    if (column > line.length || !this.#isDigitAt(line, column)) return undefined;
    const prefix = line.slice(0, column);
    if (this.#digits !== undefined) {
      const offset = offsetIn(prefix);
      if (offset && offset.digits.length === this.#digits.length && this.#isLead(offset.lead, number)) return this.#counts(offset.digits);
      if (offset && this.offsets) return undefined;
    }
    if (this.offsets) return undefined;
    if (this.#isFirstOffset(prefix, number)) return true;
    if (steady(prefix) === this.#steady) return true;
    if (!this.#isSecond(prefix, number)) return undefined;
    this.#agreed = () => {
      this.#steady = steady(prefix);
    };
    return true;
  }

  /** A program may print the first bytes by themselves, and then a dump whose offsets count from them. */
  #isFirstOffset(prefix: string, number: number): boolean {
    const offset = this.#rows === 1 && number === this.start.number + 1 ? offsetIn(prefix) : undefined;
    if (!offset || this.#digits !== undefined || offsetValue(offset.digits, 16) !== BigInt(this.#rowBytes)) return false;
    this.#agreed = () => {
      this.#digits = offset.digits;
      this.#first = 0n;
      this.#lead = steady(offset.lead);
      this.#columns = undefined;
      this.#text = true;
    };
    return true;
  }

  /** A second row may leave out the label of the first, and then all do. */
  #isSecond(prefix: string, number: number): boolean {
    if (this.#rows !== 1 || number !== this.start.number + 1) return false;
    const left = steady(prefix.replace(/[\s"'[{(b]*$/, ''));
    return this.#steady.startsWith(left);
  }

  #isLead(lead: string, number: number): boolean {
    if (steady(lead) === this.#lead) return true;
    if (this.#rows !== 1 || number !== this.start.number + 1 || !this.#lead.startsWith(steady(lead))) return false;
    this.#agreed = () => {
      this.#lead = steady(lead);
    };
    return true;
  }

  /** Whether an offset counts the bytes so far, in the base that is known or in one that fits. */
  #counts(digits: string): true | 'gap' | undefined {
    for (const base of this.#base === undefined ? OFFSET_BASES : [this.#base]) {
      const first = this.#first ?? offsetValue(this.#digits ?? '', base);
      const value = offsetValue(digits, base);
      if (first === undefined || value === undefined) continue;
      const gap = Number(value - first) - this.#rowBytes;
      if (gap === 0 || (gap > 0 && this.#squeezed && gap % this.#lastRow.length === 0)) {
        this.#repeat(gap);
        this.#base = base;
        this.#first = first;
        return true;
      }
      if (this.#base !== undefined || (this.#first !== undefined && base === 16 && gap > 0 && gap < 0x1_0000 && this.#rows > 1))
        return this.#lost(gap);
    }
    return this.#first === undefined ? undefined : this.#lost(NaN);
  }

  #lost(gap: number): 'gap' {
    if (gap > 0) this.fault ??= `bytes ${this.bytes.length} to ${this.bytes.length + gap - 1} are not in the dump`;
    return 'gap';
  }

  /** Rows that a `*` stands for are as the one before it. */
  #repeat(gap: number): void {
    const row = this.#lastRow;
    for (let done = 0; done < gap; done += row.length) this.#take(row);
    this.#squeezed = false;
  }

  readonly #isStar = (line: string): boolean => {
    const at = line.lastIndexOf('*');
    return at >= 0 && line.slice(at + 1).trim() === '' && this.offsets && steady(line.slice(0, at)) === this.#lead;
  };

  /** The offset behind the last row: it says how many rows the `*` stood for. */
  #endOf(line: string): Offer {
    const offset = offsetIn(`${line.trimEnd()}  `);
    if (!offset || steady(offset.lead) !== this.#lead || this.#counts(offset.digits) !== true) return 'not mine';
    return 'taken';
  }

  /** Whether a row with this prefix is the next of this block. */
  isNext(prefix: string): boolean {
    const offset = offsetIn(prefix);
    return this.offsets && offset !== undefined && steady(offset.lead) === this.#lead && this.#counts(offset.digits) === true;
  }
}
