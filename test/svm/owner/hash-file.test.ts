import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { toHex } from '../../../src/bytes/index.ts';
import { Random } from '../../../src/sim/index.ts';
import { hashNamed, startHash } from '../../../src/svm/owner/index.ts';

describe('files that are hashed where they lie', () => {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-hash-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const [what, length] of [
    ['an empty file', 0],
    ['a small one', 100_000],
    ['one that gets a thread of its own', (9 << 20) + 7],
  ] as const) {
    it(`${what}: as node:crypto hashes it`, async () => {
      const bytes = new Random(what).bytes(length);
      const file = join(folder, 'file');
      writeFileSync(file, bytes);
      const expected = createHash('sha512').update(bytes).digest('hex');
      expect(toHex(hashNamed(file).sha512)).to.equal(expected);
      expect(toHex((await startHash(file).done).sha512)).to.equal(expected);
    });
  }

  it('a file that is not there is told when somebody waits', async () => {
    const error = await startHash(join(folder, 'none'), 'none').done.catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'file.unreadable', where: 'none', what: 'the file cannot be read (ENOENT)' });
  });

  it('one that is stopped keeps nobody', async () => {
    const file = join(folder, 'large');
    writeFileSync(file, new Uint8Array(64 << 20));
    const hashing = startHash(file);
    hashing.stop();
    expect(await hashing.done.catch((reason: Error) => reason.message)).to.match(/the thread that hashes ended with status \d/);
  });
});
