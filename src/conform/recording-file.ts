import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SimulatorError } from '../sim/index.ts';

/** A file that may hold recorded observations. */
export interface RecordingFile {
  /** As it was named, or found in the directory that was named. */
  readonly file: string;
  readonly text: string;
  /** The file's JSON; of JSON lines: the first line's; undefined when it is neither. */
  readonly json: unknown;
  /** Found in a directory: one that nobody recognises is passed over. Named: it is an error. */
  readonly found: boolean;
}

const MAY_BE_RECORDING = /\.jsonl?$/;
const NEVER_LOOKED_INTO = /^(\.|node_modules$)/;

/** Reads the files, and all JSON files below the directories. In the order given, directories sorted by name. */
export async function* recordingFiles(paths: readonly string[]): AsyncGenerator<RecordingFile> {
  for (const path of paths) {
    const kind = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw cannotRead(path, error);
    });
    if (!kind.isDirectory()) yield await read(path, false);
    else for await (const file of below(path)) yield await read(file, true);
  }
}

async function* below(directory: string): AsyncGenerator<string> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !NEVER_LOOKED_INTO.test(entry.name)) yield* below(path);
    else if (entry.isFile() && MAY_BE_RECORDING.test(entry.name)) yield path;
  }
}

async function read(file: string, found: boolean): Promise<RecordingFile> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw cannotRead(file, error);
  });
  return { file, text, json: parsed(text) ?? parsed(text.slice(0, text.indexOf('\n') + 1)), found };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function cannotRead(path: string, { code, message }: NodeJS.ErrnoException): SimulatorError {
  return new SimulatorError('conform.cannot-read', {
    where: path,
    what: code === 'ENOENT' ? 'there is no such file or directory' : `cannot be read: ${message}`,
    hint: 'Name a recording, or a directory with recordings: `svm-sim conform fixtures/observed`.',
  });
}
