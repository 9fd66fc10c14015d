import { readFile, stat } from 'node:fs/promises';

/** What is read must have an end: no device, pipe or socket. `code` as node:fs has it, ENOTREG for what is no regular file. */
export async function readRegular(path: string): Promise<Buffer> {
  const about = await stat(path);
  if (!about.isFile()) throw Object.assign(new Error('no regular file'), { code: about.isDirectory() ? 'EISDIR' : 'ENOTREG' });
  return readFile(path);
}

/** Why a file cannot be read, in words. */
export function reason(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file';
    case 'ENOTREG':
      return 'this is a device, a pipe or a socket, not a file';
    case 'EISDIR':
      return 'this is a folder, not a file';
    case 'EACCES':
      return 'no permission to read this file';
    default:
      return error.message;
  }
}
