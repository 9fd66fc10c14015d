import { createHash } from 'node:crypto';
import { fromHex, toHex } from '../../src/bytes/index.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import { type Backend, type DeviceFile, type Swapping, TpmChip } from '../../src/tpmrm/index.ts';

/** A TPM that can be killed, and comes back as a TPM does: without sessions and transient objects, started. */
export interface Mortal {
  readonly backend: Backend;
  kill(): void;
  revive(): Promise<void>;
}

export interface Soak {
  readonly spaces: number;
  readonly commands: number;
  readonly kills: number;
  readonly seed: number;
  readonly swapping?: Swapping;
}

export interface Soaked {
  readonly answered: number;
  /** Answers that were another's, or wrong. */
  readonly wrong: readonly string[];
  /** Commands that came to nothing: an errno while the TPM was dead, or because of what it lost. */
  readonly failed: ReadonlyMap<string, number>;
  /** Bytes of heap after the first quarter and at the end, garbage collected. */
  readonly heap: readonly [number, number];
  readonly spacesLeft: number;
}

/**
 * What a program may meet when its TPM dies: no way to it (EPIPE); a context that does not load any more (EFAULT, ENOENT); an object that
 * was gone before the kernel saved it (EINVAL at its next use); one that was loaded and gone again (0x910).
 */
export const EXPECTED: ReadonlySet<string> = new Set(['EPIPE', 'EFAULT', 'ENOENT', 'EINVAL', 'rc 00000910']);
export const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((all, count) => all + count, 0);

const PASSWORD = '00000009400000090000000000';
const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
const packet = (tag: string, code: number, body: string): Uint8Array => fromHex(`${tag}${word(10 + body.length / 2)}${word(code)}${body}`);
const hashOf = (data: Uint8Array) => packet('8001', 0x17d, `${data.length.toString(16).padStart(4, '0')}${toHex(data)}000b40000007`);
const sealed = (data: Uint8Array) => {
  const sensitive = `0000${data.length.toString(16).padStart(4, '0')}${toHex(data)}`;
  return packet(
    '8002',
    0x131,
    `40000001${PASSWORD}${(sensitive.length / 2).toString(16).padStart(4, '0')}${sensitive}000e0008000b0000045200000010000000000000${'0000'}`,
  );
};
const unseal = (handle: number) => packet('8002', 0x15e, `${word(handle)}${PASSWORD}`);
const VIRTUAL = 0x80ff_ffff;

/** One program: opens a space, hashes and unseals what only it knows, opens a new space when the old one is ruined. */
class Program {
  readonly #chip: TpmChip;
  readonly #random: Random;
  readonly #name: string;
  readonly #result: { answered: number; wrong: string[]; failed: Map<string, number> };
  #file: DeviceFile | null = null;
  #secret: Uint8Array | null = null;

  constructor(chip: TpmChip, name: string, random: Random, result: { answered: number; wrong: string[]; failed: Map<string, number> }) {
    this.#chip = chip;
    this.#name = name;
    this.#random = random;
    this.#result = result;
  }

  async step(): Promise<void> {
    if (!this.#file) {
      const opened = await this.#chip.open('/dev/tpmrm0');
      if (!('value' in opened)) return this.#note('errno' in opened ? `open ${opened.errno}` : 'open blocks');
      this.#file = opened.value;
      this.#secret = null;
    }
    if (this.#random.below(3) > 0) {
      const data = this.#random.bytes(24);
      const answer = await this.#ask(hashOf(data));
      if (answer) this.#compare('hash', toHex(answer.subarray(12, 44)), createHash('sha256').update(data).digest('hex'));
    } else if (!this.#secret) {
      const secret = this.#random.bytes(16);
      const answer = await this.#ask(sealed(secret));
      if (!answer) return;
      this.#compare('handle', toHex(answer.subarray(10, 14)), word(VIRTUAL));
      this.#secret = secret;
    } else {
      const answer = await this.#ask(unseal(VIRTUAL));
      if (answer) this.#compare('secret', toHex(answer.subarray(16, 32)), toHex(this.#secret));
    }
  }

  /** The response; null when there is none, and then the space is given up. */
  async #ask(command: Uint8Array): Promise<Uint8Array | null> {
    const file = this.#file as DeviceFile;
    const written = await file.write(command);
    const read = 'errno' in written ? written : await file.read(4096);
    if ('value' in read && read.value instanceof Uint8Array && read.value[9] === 0 && read.value[8] === 0) {
      this.#result.answered++;
      return read.value;
    }
    this.#note('errno' in read ? read.errno : `rc ${toHex((read as { value: Uint8Array }).value.subarray(6, 10))}`);
    await file.close();
    this.#file = null;
    return null;
  }

  #compare(what: string, actual: string, expected: string): void {
    if (actual !== expected) this.#result.wrong.push(`${this.#name}: ${what} is ${actual}, not ${expected}`);
  }

  #note(errno: string): void {
    this.#result.failed.set(errno, (this.#result.failed.get(errno) ?? 0) + 1);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

const heapNow = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

export async function soak(mortal: Mortal, { spaces, commands, kills, seed, swapping = 'eager' }: Soak): Promise<Soaked> {
  const chip = new TpmChip({ backend: mortal.backend, clock: new Clock(), swapping });
  const random = new Random(seed);
  const result = { answered: 0, wrong: [] as string[], failed: new Map<string, number>() };
  const programs = Array.from({ length: spaces }, (_, i) => new Program(chip, `program ${i}`, random.fork(`program ${i}`), result));
  let sent = 0;
  let early = 0;
  const nextKill = (): number => Math.ceil((commands / (kills + 1)) * (killed + 1));
  let killed = 0;
  let reviving: Promise<void> = Promise.resolve();
  await Promise.all(
    programs.map(async program => {
      while (sent < commands) {
        sent++;
        if (sent === Math.floor(commands / 4)) early = heapNow();
        if (killed < kills && sent >= nextKill()) {
          killed++;
          mortal.kill();
          reviving = reviving.then(() => mortal.revive());
        }
        await program.step();
        await reviving;
      }
    }),
  );
  for (const program of programs) await program.close();
  return { ...result, heap: [early, heapNow()], spacesLeft: chip.spaces.length };
}
