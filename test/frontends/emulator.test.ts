import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, toHex } from '../../src/bytes/index.ts';
import type { EmulatorChannels } from '../../src/frontends/index.ts';
import { builtInTpm, settled, startBoard } from './boards.ts';

const CRB = 0xfed4_0000;
const COMMAND = fromHex('80010000000a0000ffff');
const FATAL = '00c40000000a00000009';

/** What arrives of an answer, piece by piece; `close`: the TPM closes the channel. */
type Piece = Uint8Array | 'close';

/** The TPM that is built in until it is told to misbehave. */
class Misbehaving implements EmulatorChannels {
  readonly #tpm = builtInTpm();
  pieces: Piece[] | null = null;
  refuses: number | null = null;
  #closed = false;
  #wait: (() => void) | null = null;

  async control(request: Uint8Array): Promise<Uint8Array | null> {
    if (this.refuses === null) return this.#tpm.control(request);
    return Uint8Array.of(0, 0, 0, this.refuses);
  }

  async send(bytes: Uint8Array): Promise<boolean> {
    if (this.#closed) return false;
    return this.pieces ? true : this.#tpm.send(bytes);
  }

  async receive(most: number): Promise<Uint8Array | null> {
    if (!this.pieces) return this.#tpm.receive(most);
    while (!this.#closed && this.pieces.length === 0) {
      await new Promise<void>(resolve => {
        this.#wait = resolve;
      });
    }
    const piece = this.pieces.shift();
    if (piece === 'close' || piece === undefined) this.#closed = true;
    if (this.#closed) return null;
    const bytes = piece as Uint8Array;
    if (bytes.length > most) this.pieces.unshift(bytes.subarray(most));
    return bytes.subarray(0, most);
  }

  more(...pieces: readonly Piece[]): void {
    this.pieces?.push(...pieces);
    this.#wait?.();
  }

  async close(): Promise<void> {}
}

async function startedCommand() {
  const channels = new Misbehaving();
  const { board, messages } = await startBoard('q35', 'tpm-crb', { channels });
  channels.pieces = [];
  await board.write(CRB + 0x08, 4, 1n);
  await board.bus.write(CRB + 0x80, COMMAND);
  await board.write(CRB + 0x4c, 4, 1n);
  await settled();
  const response = async (length = 10) => toHex(await board.bus.read(CRB + 0x80, length));
  const busy = async () => (await board.read(CRB + 0x4c, 4)) === 1n;
  return { board, channels, messages, response, busy };
}

describe('an emulator that misbehaves', () => {
  it('answers in pieces: the command runs until the last one', async () => {
    const { channels, busy, response } = await startedCommand();
    for (const piece of ['80', '010000', '000a0000']) {
      channels.more(fromHex(piece));
      await settled();
      expect(await busy()).to.equal(true);
    }
    channels.more(fromHex('0143'));
    await settled();
    expect(await busy()).to.equal(false);
    expect(await response()).to.equal('80010000000a00000143');
  });

  it('closes the channel within an answer: fatal response, and a message', async () => {
    const { channels, busy, response, messages } = await startedCommand();
    channels.more(fromHex('800100'), 'close');
    await settled();
    expect(await busy()).to.equal(false);
    expect(await response()).to.equal(FATAL);
    expect(messages).to.deep.equal(['Unexpected end-of-file before all data were read']);
  });

  it('says that more comes than a buffer holds: what is beyond is not taken', async () => {
    const { channels, busy, board } = await startedCommand();
    channels.more(fromHex('8001ffffffff00000000'), new Uint8Array(5000).fill(0x77));
    await settled();
    expect(await busy()).to.equal(false);
    expect(await board.bus.read(CRB + 0xff0, 16)).to.deep.equal(new Uint8Array(16).fill(0x77));
    expect(await board.read(0xfed4_1000, 4), 'behind the buffer').to.equal(0n);
  });

  it('says less than its own header: the command runs for ever, and the machine can be read all the same', async () => {
    const { channels, busy } = await startedCommand();
    channels.more(fromHex('80010000000300000000'), new Uint8Array(64));
    await settled();
    expect(await busy()).to.equal(true);
  });

  it('refuses the locality: fatal response, nothing goes out', async () => {
    const channels = new Misbehaving();
    const { board, messages } = await startBoard('q35', 'tpm-crb', { channels });
    channels.refuses = 0x3d;
    await board.write(CRB + 0x08, 4, 1n);
    await board.bus.write(CRB + 0x80, COMMAND);
    await board.write(CRB + 0x4c, 4, 1n);
    await settled();
    expect(toHex(await board.bus.read(CRB + 0x80, 10))).to.equal(FATAL);
    expect(messages).to.deep.equal(['tpm-emulator: TPM result for set locality : 0x3d']);
  });

  it('refuses to give its state: the machine does not go, in QEMU’s words', async () => {
    const channels = new Misbehaving();
    const { board } = await startBoard('q35', 'tpm-crb', { channels });
    channels.refuses = 9;
    expect(await board.save()).to.deep.equal({
      refused: ['tpm-emulator: getting the stateblob (type 1) failed with a TPM error 0x9 operation failed'],
    });
  });

  it('never brings the machine down, whatever comes and when', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 24 }), fc.constant('close' as const)), { maxLength: 12 }),
        async pieces => {
          const { channels, busy, response } = await startedCommand();
          for (const piece of pieces) {
            channels.more(...(piece !== 'close' && piece.length === 0 ? [] : [piece]));
            await settled();
          }
          // Either it still waits, or there is an answer: the TPM's, or the fatal one.
          if (!(await busy())) expect((await response()).length).to.equal(20);
        },
      ),
      { numRuns: 60 },
    ));
});
