import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const OBSERVED = 'fixtures/observed';
export const H_TPM_COMM_FILE = `${OBSERVED}/h_tpm_comm.json`;

// biome-ignore lint/suspicious/noExplicitAny: tests change the recording in ways that its type does not allow
export type Changeable = any;

/** One recorded vector, as a recording of its own that can be changed. */
export function oneVector(name: string): Changeable {
  const recording = JSON.parse(readFileSync(H_TPM_COMM_FILE, 'utf8'));
  recording.vectors = recording.vectors.filter((vector: Changeable) => vector.name === name);
  return recording;
}

/** Runs `body` with a directory that holds these files (JSON unless they are text). */
export async function withFiles<T>(files: Readonly<Record<string, unknown>>, body: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'svm-sim-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    return await body(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
