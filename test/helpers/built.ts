import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * A file of `dist/`, for tests that start processes and threads: through tsx each of them would compile the sources anew.
 * @throws {Error} when `dist/` is older than the sources: what would be tested is not what stands there.
 */
export function builtFile(path: string): string {
  const built = statSync(at('dist/cli/main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newer = readdirSync(at('src'), { recursive: true, encoding: 'utf8' }).find(
    file => file.endsWith('.ts') && statSync(join(at('src'), file)).mtimeMs > built,
  );
  if (newer !== undefined) throw new Error(`dist/ is older than src/${newer}: run "npm run build", as "npm test" does`);
  return at(join('dist', path));
}

/** The built twin of a module of `src/`: its worker threads start from `dist/` too. `path` is that below `src/`. */
export const builtModule = <T>(path: string): Promise<T> =>
  import(pathToFileURL(builtFile(path.replace(/\.ts$/, '.js'))).href) as Promise<T>;
