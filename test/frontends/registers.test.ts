import { expect } from 'chai';
import { BOARDS, FRONTENDS } from '../../src/frontends/index.ts';
import { MODELS, startBoard } from './boards.ts';

const ONES: Readonly<Record<number, bigint>> = { 1: 0xffn, 2: 0xffffn, 4: 0xffff_ffffn };

describe('the register tables', () => {
  for (const [machine, model] of MODELS) {
    const { registers } = FRONTENDS.find(frontend => frontend.model === model) ?? { registers: [] };

    it(`${model}: each register holds after reset what its record says`, async () => {
      const { board } = await startBoard(machine, model);
      expect(registers).not.to.have.length(0);
      for (const { name, offset, bytes, reset } of registers) expect(await read(board, model, offset, bytes), name).to.equal(BigInt(reset));
    });

    it(`${model}: what nobody may write stays as it is`, async () => {
      const { board } = await startBoard(machine, model);
      const fixed = registers.filter(({ writer }) => writer === 'nobody');
      expect(fixed).not.to.have.length(0);
      for (const { name, offset, bytes, reset } of fixed) {
        await write(board, model, offset, bytes);
        expect(await read(board, model, offset, bytes), name).to.equal(BigInt(reset));
      }
    });
  }

  it('names no device that no board has', () => {
    const known: readonly string[] = Object.values(BOARDS).flatMap(({ models }) => models);
    expect(FRONTENDS.filter(({ registers }) => registers.length > 0).map(({ model }) => model)).to.have.members([
      ...known.filter((one, i) => known.indexOf(one) === i),
    ]);
  });
});

type Board = Awaited<ReturnType<typeof startBoard>>['board'];

async function read(board: Board, model: string, offset: number, bytes: number): Promise<bigint> {
  if (model !== 'tpm-tis-i2c') return board.read(board.definition.base + offset, bytes);
  const got = (await board.device?.i2cRead?.(offset, bytes)) ?? new Uint8Array(0);
  return got.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

async function write(board: Board, model: string, offset: number, bytes: number): Promise<void> {
  if (model === 'tpm-tis-i2c') await board.device?.i2cWrite?.(offset, new Uint8Array(bytes).fill(0xff));
  else await board.write(board.definition.base + offset, bytes, ONES[bytes] ?? 0n);
}
