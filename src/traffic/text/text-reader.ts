import { beginsMessage, type Direction, isSize, isTag, type Sighting, TPM2_TAGS, u16, u32 } from '../message.ts';
import { isCommandCode } from '../names.ts';
import { Block } from './block.ts';
import { DIRECTIONS, MARKERS, MAY_MARK } from './markers.ts';
import { MAY_START, NOTATIONS, type Notation, type Run } from './notations.ts';
import { offsetIn, offsetValue, processOf } from './prefix.ts';

/** Dumps that are read at the same time: of several processes in one log. */
const MOST_OPEN = 8;
/** Colours and other escape sequences of terminals (ECMA-48). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with ESC.
const TERMINAL = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

interface Announced {
  readonly length: number | undefined;
  readonly direction: Direction | undefined;
  readonly line: number;
}

const NONE: readonly Sighting[] = [];

/** Behind an announcement the dump begins at once, or after one line of something else. */
const MOST_AFTER_MARKER = 2;

/** Finds TPM messages in the lines of a text, one line after the other. */
export class TextReader {
  #number = 0;
  #open: Block[] = [];
  /** The block that was completed last: its next row may begin a message. */
  #done: Block | undefined;
  #announced: Announced | undefined;
  #before = '';
  readonly #found: Sighting[] = [];

  /** The messages that this line completes or ends. */
  push(raw: string): readonly Sighting[] {
    this.#number++;
    const line = (raw.includes('\u001b') ? raw.replace(TERMINAL, '') : raw).replaceAll('\u00a0', ' ').trimEnd();
    if (line !== '') {
      this.#read(line);
      this.#before = line;
    }
    return this.#found.length === 0 ? NONE : this.#found.splice(0);
  }

  /** What is left at the end of the text. */
  end(): readonly Sighting[] {
    for (const block of this.#open.splice(0)) this.#break(block);
    return this.#found.splice(0);
  }

  #read(line: string): void {
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const block = this.#open[i] as Block;
      const offer = block.offer(line, this.#number);
      if (offer === 'taken') {
        this.#announced = undefined;
        this.#finish(block);
        return;
      }
      if (offer === 'not mine') continue;
      this.#open.splice(i, 1);
      this.#break(block);
    }
    if (MAY_MARK.test(line)) this.#mark(line);
    if (MAY_START.test(line)) this.#begin(line);
  }

  /** A line that announces bytes ends what is open, unless that was announced as a piece. */
  #mark(line: string): void {
    const marker = MARKERS.find(candidate => candidate.line.test(line));
    if (!marker) return;
    const groups = marker.line.exec(line)?.groups;
    const length = groups?.length === undefined ? undefined : Number(groups.length);
    const process = processOf(line);
    this.#open = this.#open.filter(block => {
      if (block.start.conversation !== process) return true;
      if (block.announced !== undefined && block.bytes.length === block.announced && block.wants > 0 && length !== undefined) {
        if (length <= block.wants) {
          block.nextPiece(length);
          return true;
        }
        // What comes now may be the whole message, printed after its header was.
        if (block.bytes.length === 10 && length === u32(block.bytes, 2)) return false;
      }
      this.#break(block);
      return false;
    });
    this.#announced = { length, direction: marker.direction, line: this.#number };
  }

  #begin(line: string): void {
    let first: { notation: Notation; column: number; run: Run } | undefined;
    for (const notation of NOTATIONS) {
      for (const { index } of line.matchAll(notation.start)) {
        if (first && index >= first.column) break;
        const run = notation.scan(line, index);
        if (!this.#mayBegin(line, index, notation, run)) continue;
        first = { notation, column: index, run };
        break;
      }
    }
    if (!first) return;
    const conversation = processOf(line.slice(0, first.column));
    const announced = this.#announced && this.#number - this.#announced.line <= MOST_AFTER_MARKER ? this.#announced : undefined;
    this.#announced = undefined;
    const prefix = line.slice(0, first.column);
    const direction = announced?.direction ?? DIRECTIONS.find(({ says }) => says.test(prefix))?.direction;
    const block = new Block({ ...first, line, number: this.#number, announced: announced?.length, direction, conversation });
    this.#open = this.#open.filter(other => {
      if (other.start.conversation !== conversation) return true;
      this.#break(other);
      return false;
    });
    if (this.#open.length >= MOST_OPEN) this.#break(this.#open.shift() as Block);
    this.#open.push(block);
    this.#finish(block);
  }

  #mayBegin(line: string, column: number, notation: Notation, { bytes, end }: Run): boolean {
    if (bytes.length < 2 || !isTag(u16(bytes, 0))) return false;
    const prefix = line.slice(0, column);
    const plausible = beginsMessage(bytes);
    if (notation.more?.test(prefix)) return false;
    // One number in front: an offset, a process; or a byte of a row in which this is not the beginning.
    const single = /(?<![0-9a-z.:\]])[0-9a-f]{2} $/i.test(prefix);
    if (single && !(plausible && u32(bytes, 2) <= bytes.length && !/^\s*$/.test(prefix.slice(0, -3)))) return false;
    if (this.#isLater(prefix)) return false;
    if (bytes.length < 6)
      return TPM2_TAGS.has(u16(bytes, 0)) && u16(bytes, 0) !== 0x00c4 && line.slice(end).trim() === '' && isSmall(bytes);
    if (plausible) return u16(bytes, 0) >= 0x8000 || isTpm12(bytes);
    return TPM2_TAGS.has(u16(bytes, 0)) && bytes.length >= 10 && isCommandCode(u32(bytes, 6)) && !isSize(u32(bytes, 2));
  }

  /** Whether a row lies further behind in a dump of something else. */
  #isLater(prefix: string): boolean {
    const offset = offsetIn(prefix);
    if (!offset || /^0+$/.test(offset.digits) || this.#done?.isNext(prefix)) return false;
    if (/^\s*\*$/.test(this.#before)) return true;
    const before = offsetIn(this.#before.slice(0, prefix.length));
    if (before && before.digits.length === offset.digits.length) {
      const value = offsetValue(offset.digits, 16) ?? 0n;
      const gap = value - (offsetValue(before.digits, 16) ?? 0n);
      if (gap > 0n && gap <= MOST_IN_A_ROW) return true;
    }
    // The row before is not there: a number with zeros in front, and small, is an offset.
    return /^0[0-9a-f]{3,9}$/i.test(offset.digits) && (offsetValue(offset.digits, 16) ?? 0n) < 0x1_0000n;
  }

  /** Gives the messages of a block that are whole. */
  #finish(block: Block): void {
    while (block.complete) {
      const size = u32(block.bytes, 2);
      const bytes = block.cut();
      this.#give(block, bytes, isSize(size) ? block.fault : `${size} is no size of a TPM message`);
      if (!beginsMessage(block.bytes)) {
        this.#open = this.#open.filter(other => other !== block);
        this.#done = block;
        return;
      }
      block.line = this.#number;
      block.announced = undefined;
      block.direction = undefined;
      block.pieces = false;
    }
  }

  #break(block: Block): void {
    const { bytes } = block;
    if (bytes.length < 6) return;
    const size = u32(bytes, 2);
    const missing = isSize(size) ? `${bytes.length} of ${size} bytes: the message is cut off` : `${size} is no size of a TPM message`;
    this.#give(block, Uint8Array.from(bytes), block.fault ? `${missing}; ${block.fault}` : missing);
  }

  #give(block: Block, bytes: Uint8Array, broken: string | undefined): void {
    this.#found.push({
      where: `line ${block.line}`,
      bytes,
      conversation: block.start.conversation,
      ...(block.direction && { direction: block.direction }),
      ...(block.pieces && { pieces: true }),
      ...(broken && { broken }),
    });
  }
}

/** Rows of dumps are not longer. */
const MOST_IN_A_ROW = 64n;

/** The first two bytes of a size: no message is longer than 64 KiB. */
const isSmall = (bytes: readonly number[]): boolean => (bytes[2] ?? 0) === 0 && (bytes[3] ?? 0) === 0;

/** Ordinals of TPM 1.2 are small, or have the bit of the connection or of a vendor set; its return codes too. */
const isTpm12 = (bytes: readonly number[]): boolean =>
  bytes.length >= 10 && u32(bytes, 2) <= 4096 && ((u32(bytes, 6) & 0x1fff_ffff) < 0x2000 || ((u32(bytes, 6) >>> 24) & 0x60) !== 0);
