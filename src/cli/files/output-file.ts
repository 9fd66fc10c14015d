import { chmod, lstat, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { SimulatorError, temporaryName } from '../../sim/index.ts';

export interface OutputFile {
  readonly path: string;
  /** In one piece, or one after the other. */
  readonly contents: Uint8Array | Iterable<Uint8Array>;
  /** Permissions of a new file; one that is replaced keeps its own. */
  readonly mode?: number;
  /** An existing file is replaced. */
  readonly replace?: boolean;
}

interface Staged {
  readonly temporary: string;
  readonly path: string;
}

/**
 * Writes all of the files or none: each under a temporary name in its own folder first, then renamed. A path that is no regular
 * file, such as /dev/stdout, is written to directly.
 * @throws {SimulatorError} `file.exists`, `file.unwritable`; whatever `contents` throws.
 */
export async function writeWhole(...files: readonly OutputFile[]): Promise<void> {
  for (const file of files) await refuseExisting(file);
  const staged: Staged[] = [];
  try {
    for (const file of files) {
      const done = await naming(file.path, () => stage(file));
      if (done) staged.push(done);
    }
    for (const { temporary, path } of staged) await naming(path, () => rename(temporary, path));
  } catch (error) {
    for (const { temporary } of staged) await unlink(temporary).catch(ignoreMissing);
    throw error;
  }
}

/** Whether there is something that would be lost. To be asked before long work; `writeWhole` asks again. */
export async function refuseExisting({ path, replace = false }: Pick<OutputFile, 'path' | 'replace'>): Promise<void> {
  if (replace) return;
  const there = await lstat(path).catch(ignoreMissing);
  if (!there || isDevice(there)) return;
  throw new SimulatorError('file.exists', { where: path, what: 'the file exists', hint: 'Give --force to replace it.' });
}

async function stage({ path, contents, mode = 0o666 }: OutputFile): Promise<Staged | undefined> {
  const old = await stat(path).catch(ignoreMissing);
  const direct = old !== undefined && !old.isFile();
  // A symbolic link stays one: what it points to is replaced.
  const target = old ? await realpath(path) : path;
  const temporary = direct ? path : temporaryName(target);
  const file = await open(temporary, direct ? 'w' : 'wx', mode);
  try {
    for (const piece of contents instanceof Uint8Array ? [contents] : contents) await file.writeFile(piece);
    if (!direct) await file.sync();
    await file.close();
    if (old && !direct) await chmod(temporary, old.mode & 0o777);
  } catch (error) {
    await file.close().catch(ignoreClosed);
    if (!direct) await unlink(temporary).catch(ignoreMissing);
    throw error;
  }
  return direct ? undefined : { temporary, path: target };
}

const isDevice = (there: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): boolean =>
  !there.isFile() && !there.isDirectory() && !there.isSymbolicLink();

function ignoreMissing(error: unknown): undefined {
  const { code } = error as { code?: unknown };
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  return undefined;
}

function ignoreClosed(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'EBADF') throw error;
}

/** What the operating system refuses is told with the file's name, not that of the temporary one. */
async function naming<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new SimulatorError('file.unwritable', {
      where: path,
      what: `the file cannot be written (${code})`,
      blame: 'environment',
      cause: error,
    });
  }
}
