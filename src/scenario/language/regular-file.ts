import { readFile, stat } from 'node:fs/promises';

/** What is read must have an end: no device, pipe or socket. `code` as node:fs has it, ENOTREG for what is no regular file. */
export async function readRegular(path: string): Promise<Buffer> {
  const about = await stat(path);
  if (!about.isFile()) throw Object.assign(new Error('no regular file'), { code: about.isDirectory() ? 'EISDIR' : 'ENOTREG' });
  return readFile(path);
}
