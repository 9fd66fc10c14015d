import { expect } from 'chai';
import { BOARDS, Board } from '../../src/frontends/index.ts';
import { startBoard } from './boards.ts';

const sum = (bytes: Uint8Array): number => bytes.reduce((all, byte) => all + byte, 0) & 0xff;
const u32 = (bytes: Uint8Array | undefined, at: number): number =>
  bytes ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true) : 0;

describe('ACPI tables in memory', () => {
  for (const [machine, model] of [
    ['q35', 'tpm-tis'],
    ['pc', 'tpm-tis'],
    ['q35', 'tpm-crb'],
    ['virt', 'tpm-tis-device'],
  ] as const) {
    it(`${machine} with ${model}: lengths and checksums hold, and the log's address is filled in`, async () => {
      const tables = (await startBoard(machine, model)).board.acpiTables();
      for (const [signature, bytes] of tables) {
        if (signature === 'RSDP') expect(sum(bytes.subarray(0, 20)), signature).to.equal(0);
        else expect([u32(bytes, 4), sum(bytes)], signature).to.deep.equal([bytes.length, 0]);
      }
      expect([...tables.keys()]).to.include.members(['DSDT', 'TPM2', 'RSDP']);
      expect(u32(tables.get('TPM2'), 68), 'log').to.not.equal(0);
    });
  }

  it('speak of no TPM where there is none', async () => {
    const board = await Board.start(BOARDS.q35, {});
    if ('refused' in board) throw new Error('refused');
    expect([...board.acpiTables().keys()]).to.not.include.members(['TPM2']);
    expect(board.acpi?.device).to.equal(null);
  });
});
