import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { svmSim } from './stand-in-io.ts';

const GET_RANDOM = '80010000000c0000017b0020';

describe('svm-sim decode', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-decode-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, contents: string | Uint8Array): string => {
    writeFileSync(join(folder, name), contents);
    return join(folder, name);
  };

  it('decodes hex digits, in one piece or several, with the offset of each field', async () => {
    for (const pasted of [
      [GET_RANDOM],
      GET_RANDOM.match(/../g) ?? [],
      ['0x80,0x01,0x00,0x00,0x00,0x0c,0,0'.slice(0, 4), GET_RANDOM.slice(2)],
    ]) {
      const { status, out } = await svmSim('decode', ...pasted);
      expect(out).to.match(/^TPM2_GetRandom command, 12 bytes/);
      expect(out).to.match(/^ +10 \+2 +bytesRequested +UINT16 +32/m);
      expect(status).to.equal(0);
    }
  });

  it('decodes a command and its response in a file of bytes', async () => {
    const bytes = Buffer.from(`${GET_RANDOM}80010000001000000000${'0004'}01020304`, 'hex');
    const { out } = await svmSim('decode', file('bytes', bytes));
    expect(out)
      .to.contain('TPM2_GetRandom response, TPM_RC_SUCCESS')
      .and.to.match(/randomBytes .*01020304/);
  });

  it('finds messages in the log of a firmware', async () => {
    const log = `[  12.5] TPM send: 80 01 00 00 00 0c\n[  12.6] 00000006: 00 00 01 7b 00 20  |.......|\n[  12.7] done\n[  12.8] TPM recv: 8001 0000000a 0000 0922\n`;
    const { out } = await svmSim(
      'decode',
      file('log', log.replace('8001 0000000a 0000 0922', '8001 0000000a 00000922'.replaceAll(' ', ''))),
    );
    expect(out).to.match(/^TPM2_GetRandom command, 12 bytes {2}\(line 1\)/m);
    expect(out).to.match(/TPM_RC_RETRY/);
  });

  it('says where decoding stops, and ends with status 1', async () => {
    const { status, out } = await svmSim('decode', '80010000000c0000017b00');
    expect(status).to.equal(1);
    expect(out).to.contain('! bytesRequested at byte 10: 2 bytes expected, 1 left');
  });

  it('gives JSON', async () => {
    const { out } = await svmSim('decode', '--json', GET_RANDOM);
    expect(JSON.parse(out)).to.include({ kind: 'command', name: 'TPM2_GetRandom', bytes: GET_RANDOM });
  });

  it('refuses what is neither hex nor a file', async () => {
    const { status, err } = await svmSim('decode', 'nothing.bin');
    expect(status).to.equal(2);
    expect(err).to.contain('neither hex digits nor a file');
    expect((await svmSim('decode', `${GET_RANDOM}0`)).err).to.contain('an odd number');
  });
});
