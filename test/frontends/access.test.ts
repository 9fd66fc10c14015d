import { expect } from 'chai';
import fc from 'fast-check';
import { BOARDS, Board } from '../../src/frontends/index.ts';
import { settled, startBoard } from './boards.ts';

const BASE = 0xfed4_0000;

/** A write or a read somewhere a driver, or somebody who means no good, would reach. */
interface Access {
  readonly write: boolean;
  readonly offset: number;
  readonly size: number;
  readonly value: bigint;
}

const REGISTERS = [
  0x00, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x19, 0x1b, 0x24, 0x26, 0x30, 0x40, 0x44, 0x48, 0x4c, 0x80, 0x84, 0xf00, 0xf90, 0xffc,
];
const offset = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(fc.nat(4), fc.constantFrom(...REGISTERS)).map(([locality, register]) => locality * 0x1000 + register) },
  { weight: 1, arbitrary: fc.nat(0x6000) },
);
const value = fc.oneof(fc.constantFrom(1n, 2n, 8n, 0x20n, 0x40n, 0x0a000000n, 0x80n, 0x02000000n), fc.bigInt(0n, 0xffff_ffff_ffff_ffffn));
const access: fc.Arbitrary<Access> = fc.record({ write: fc.boolean(), offset, size: fc.constantFrom(1, 2, 4, 8), value });
const accesses = fc.array(access, { maxLength: 60 });

/** What a guest sees of it. */
async function run(board: Board, list: readonly Access[]): Promise<readonly bigint[]> {
  const seen: bigint[] = [];
  for (const { write, offset: at, size, value: written } of list) {
    if (write) await board.write(BASE + at, size, written & (2n ** BigInt(8 * size) - 1n));
    else seen.push(await board.read(BASE + at, size));
    await settled();
  }
  return seen;
}

describe('a TPM device takes any access in any order', () => {
  for (const model of ['tpm-tis', 'tpm-crb']) {
    it(`${model}: and gives what a machine gives that was saved and loaded on the way`, () =>
      fc.assert(
        fc.asyncProperty(accesses, accesses, async (before, after) => {
          const [one, other] = [await startBoard('q35', model), await startBoard('q35', model)];
          expect(await run(one.board, before)).to.deep.equal(await run(other.board, before));
          // A command of no bytes is never answered: neither machine could be saved.
          fc.pre(one.board.device?.busy !== true);
          const saved = await other.board.save();
          if ('refused' in saved) throw new Error(saved.refused.join());
          const target = await startBoard('q35', model, { incoming: true });
          expect(await target.board.load(saved)).to.equal(null);
          expect(await run(target.board, after)).to.deep.equal(await run(one.board, after));
        }),
        { numRuns: 25 },
      ));
  }

  it('tpm-tis: one locality at most is active, and the others see nothing of its command', () =>
    fc.assert(
      fc.asyncProperty(accesses, async list => {
        const { board } = await startBoard('q35', 'tpm-tis');
        await run(board, list);
        const active: number[] = [];
        for (const locality of [0, 1, 2, 3, 4]) {
          const bits = Number(await board.read(BASE + locality * 0x1000, 1));
          expect(bits & 0x80, 'valid').to.equal(0x80);
          if (bits & 0x20) active.push(locality);
          else expect(await board.read(BASE + locality * 0x1000 + 0x18, 4)).to.equal(0xffff_ffffn);
        }
        expect(active.length).to.be.at.most(1);
        expect(active).not.to.include(4);
      }),
      { numRuns: 60 },
    ));

  it('tpm-crb: agrees with a model of ten lines', () =>
    fc.assert(
      fc.asyncProperty(accesses, async list => {
        const { board } = await startBoard('q35', 'tpm-crb');
        const model = { granted: false, idle: true };
        for (const { write, offset: at, size, value: written } of list) {
          const piece = written & (2n ** BigInt(8 * Math.min(size, 4)) - 1n);
          await run(board, [{ write, offset: at, size, value: written }]);
          if (write && at === 0x08 && piece <= 2n && piece > 0n) model.granted = piece === 1n;
          if (write && at === 0x40 && piece <= 2n && piece > 0n) model.idle = piece === 2n;
          // A word that is written before one that acts reaches it with its upper half.
          const upper = write && size === 8 && at % 8 === 4 ? written >> 32n : 0n;
          if (at === 0x04 && upper > 0n && upper <= 2n) model.granted = upper === 1n;
          if (at === 0x3c && upper > 0n && upper <= 2n) model.idle = upper === 2n;
          expect(await board.read(BASE + 0x0c, 4), 'LOC_STS').to.equal(model.granted ? 1n : 0n);
          expect((await board.read(BASE + 0x44, 4)) & 2n, 'CTRL_STS').to.equal(model.idle ? 2n : 0n);
        }
      }),
      { numRuns: 40 },
    ));
});

describe('an I2C TPM takes any transfer in any order', () => {
  const transfer = fc.record({ write: fc.boolean(), register: fc.nat(0xff), bytes: fc.uint8Array({ maxLength: 20 }) });
  it('and always gives as many bytes as were asked for', () =>
    fc.assert(
      fc.asyncProperty(fc.array(transfer, { maxLength: 40 }), async transfers => {
        const { board } = await startBoard('ast2600-evb', 'tpm-tis-i2c');
        for (const { write, register, bytes } of transfers) {
          if (write) await board.device?.i2cWrite?.(register, bytes);
          else expect(await board.device?.i2cRead?.(register, bytes.length)).to.have.length(bytes.length);
          await settled();
        }
      }),
      { numRuns: 40 },
    ));
});

describe('fw_cfg takes any port access in any order', () => {
  const port = fc.record({
    write: fc.boolean(),
    port: fc.integer({ min: 0x50c, max: 0x51f }),
    size: fc.constantFrom(1, 2, 4),
    value: fc.nat(0xffff_ffff),
  });
  it('and its files stay as they are', () =>
    fc.assert(
      fc.asyncProperty(fc.array(port, { maxLength: 60 }), async list => {
        const { board } = await startBoard('q35', 'tpm-tis');
        const files = () => board.fwCfg?.files.map(({ name, content }) => [name, Buffer.from(content).toString('base64')]);
        const before = files();
        for (const { write, port: number, size, value: written } of list) {
          if (write) await board.out(number, size, written % 2 ** (8 * size));
          else expect(await board.in(number, size)).to.be.within(0, 2 ** (8 * size) - 1);
        }
        expect(files()).to.deep.equal(before);
      }),
      { numRuns: 30 },
    ));
});

describe('a board without a TPM', () => {
  it('reads zeros where one would be, and loses writes', async () => {
    const board = await Board.start(BOARDS.q35, {});
    if ('refused' in board) throw new Error('refused');
    await board.write(BASE, 4, 0x02n);
    expect(await board.read(BASE, 8)).to.equal(0n);
    expect(board.dsm('3dddfaa6-361b-4eb4-a424-8d10089d1653', 1, 0, [])).to.equal(null);
  });
});
