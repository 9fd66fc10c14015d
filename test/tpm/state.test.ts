import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { toHex } from '../../src/bytes/index.ts';
import { LivePlayer } from '../../src/conform/kinds/tpm-transcript/live-player.ts';
import { transcriptLines } from '../../src/conform/kinds/tpm-transcript/transcript-lines.ts';
import { Clock, Random } from '../../src/sim/index.ts';
import type { TpmTransport } from '../../src/tpm/client/index.ts';
import { type Nvram, StateFault, Tpm } from '../../src/tpm/index.ts';
import { startedTpm, tpmOf } from './help.ts';

const DIRECTORY = new URL('../../fixtures/observed/tpm/', import.meta.url);
const lines = (file: string) => transcriptLines(readFileSync(new URL(`${file}.jsonl`, DIRECTORY), 'utf8'));

/** Two TPMs that begin alike: one stays where it is, the other moves before every command, with its state as bytes. */
class Movers implements TpmTransport {
  readonly #staying: { readonly tpm: Tpm; readonly clock: Clock };
  #moving: { readonly tpm: Tpm; readonly clock: Clock };
  moves = 0;

  constructor() {
    const [one, other] = [new Clock(), new Clock()];
    this.#staying = { tpm: startedTpm('mover', one), clock: one };
    this.#moving = { tpm: startedTpm('mover', other), clock: other };
  }

  #move(): void {
    const { tpm: old } = this.#moving;
    const clock = new Clock();
    clock.advanceMs(1000 * ++this.moves); // another machine's clock stands elsewhere
    const tpm = tpmOf(`machine ${this.moves}`, clock);
    tpm.load(old.permanentState(), old.volatileState());
    this.#moving = { tpm, clock };
  }

  async transmit(command: Uint8Array): Promise<Uint8Array> {
    this.#move();
    for (const { clock } of [this.#staying, this.#moving]) clock.advanceMs(7);
    const response = this.#staying.tpm.execute(command);
    expect(toHex(this.#moving.tpm.execute(command)), toHex(command)).to.equal(toHex(response));
    return response;
  }
}

describe("a TPM's state as bytes", () => {
  for (const files of [
    ['01-host-first-boot', '03a-svm-unwrap-first-boot', '02-host-second-boot', '03b-svm-unwrap-second-boot'],
    ['04-salted-hmac-session-rsa', '04b-salted-hmac-session-ecc', '05-bound-session', '05b-auth-change-nv-hmac'],
    ['08-deterministic-script'],
  ])
    it(`lets it move at any moment of ${files.join(', ')}: no answer differs`, async () => {
      const movers = new Movers();
      const player = new LivePlayer(movers);
      for (const file of files) await player.play(lines(file));
      expect(movers.moves).to.be.greaterThan(10);
    });

  it('that was changed anywhere is refused, and the TPM is what it was', () => {
    const tpm = startedTpm();
    const parts = [tpm.permanentState(), tpm.volatileState()] as const;
    const before = tpm.snapshot();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (part, at, bits) => {
        const changed = parts.map(bytes => bytes.slice());
        const bytes = changed[part] as Uint8Array;
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ bits;
        expect(() => tpm.load(changed[0] as Uint8Array, changed[1])).to.throw(StateFault);
        expect(tpm.snapshot()).to.deep.equal(before);
      }),
    );
  });

  it('of volatile kind goes with the permanent state of the same power-on only', () => {
    const tpm = startedTpm();
    const volatile = tpm.volatileState();
    tpm.reset();
    expect(() => tpm.load(tpm.permanentState(), volatile)).to.throw(StateFault, 'taken after power-on 1');
  });

  it('of a TPM with other limits is refused', () => {
    const other = new Tpm({ random: new Random(1), clock: new Clock(), limits: { activeSessions: 8, loadedObjects: 5 } });
    const tpm = startedTpm();
    expect(() => other.load(tpm.permanentState(), tpm.volatileState())).to.throw(StateFault, 'a TPM with 64 sessions, this one has 8');
  });
});

describe('NV memory', () => {
  const command = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

  it('is written before the answer, and only when something changed', () => {
    const written: Uint8Array[] = [];
    const nvram: Nvram = { read: () => null, write: bytes => written.push(bytes) };
    const tpm = new Tpm({ random: new Random(1), clock: new Clock(), nvram });
    tpm.execute(command('80010000000c000001440000'));
    const before = written.length;
    for (let i = 0; i < 5; i++) tpm.execute(command('80010000000c0000017b0008'));
    expect(written.length, 'GetRandom changes nothing that stays').to.equal(before);
    tpm.execute(command('80020000002000000129400000010000000940000009000001000000036e6577'));
    tpm.execute(command('800200000020000001294000000100000009400000090000010000 00036e6577'.replace(' ', '')));
    expect(written.length).to.be.greaterThan(before);
    expect(toHex(written.at(-1) ?? new Uint8Array())).to.equal(toHex(tpm.permanentState()));
  });

  it('keeps the Clock: after a loss of power it is behind by no more than the interval of its updates', () => {
    let kept: Uint8Array | null = null;
    const nvram: Nvram = {
      read: () => kept,
      write: bytes => {
        kept = bytes;
      },
    };
    const readClock = (tpm: Tpm): bigint => BigInt(`0x${toHex(tpm.execute(command('80010000000a00000181')).subarray(18, 26))}`);
    const boot = (clock: Clock): Tpm => {
      const tpm = new Tpm({ random: new Random(1), clock, nvram });
      tpm.execute(command('80010000000c000001440000'));
      return tpm;
    };
    const clock = new Clock();
    const first = boot(clock);
    clock.advanceMs(100_000);
    const told = readClock(first);
    expect(told).to.equal(100_000n);
    const again = readClock(boot(new Clock()));
    expect(Number(told - again)).to.be.within(0, 4096);
  });
});
