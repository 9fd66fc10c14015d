import { relative, resolve, sep } from 'node:path';

/**
 * A file as CI names it: from the root of the checked-out repository (`GITHUB_WORKSPACE`, docs.github.com, "Variables reference") with `/`.
 * Outside of one, and for a file elsewhere: as it was named.
 */
export function fromWorkspace(file: string, root: string | undefined = process.env.GITHUB_WORKSPACE): string {
  const inside = root ? relative(root, resolve(file)) : undefined;
  const named = inside === undefined || inside === '' || inside.startsWith('..') ? file : inside;
  return named.split(sep).join('/');
}
