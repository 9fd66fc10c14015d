import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { surviveKills } from './kill.ts';

describe('a TPM in a folder', () => {
  it('has everything that it acknowledged, through 200 kills', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'svm-sim-kill-'));
    await surviveKills(folder, 200, 'soak');
    rmSync(folder, { recursive: true });
  });
});
