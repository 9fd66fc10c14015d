import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Flow, scriptOf } from './flow.ts';
import type { Subject } from './subjects.ts';

/** Seconds after which a flow hangs. */
const PATIENCE = 90;

/**
 * Runs a flow in a folder of its own, with `msg` (10 bytes) in it.
 * @param keys folder with rsa.pem, rsa.pub, ec.pem, ec.pub.
 * @returns what the flow complained about; empty when all was as expected.
 */
export async function runFlow(flow: Flow, { env }: Subject, keys: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'svm-sim-flow-'));
  try {
    writeFileSync(join(folder, 'msg'), 'hello, tpm');
    writeFileSync(join(folder, 'script'), scriptOf(flow));
    return await new Promise((resolve, reject) => {
      const child = spawn('timeout', [String(PATIENCE), 'bash', 'script'], {
        cwd: folder,
        env: { ...process.env, ...env, KEYS: keys, TPM_DATA_DIR: folder, TPM_SESSION_ENCKEY: '0'.repeat(32) },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.on('data', chunk => {
        said += chunk;
      });
      child.once('error', reject);
      child.once('close', status => resolve(status === 0 ? '' : `${said.trim()} (status ${status})`));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
