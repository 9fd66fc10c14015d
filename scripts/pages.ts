import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './layers.ts';

/** Each has a frame, a script and a style in `report/`. */
const PAGES = ['report', 'lesson'];

/** Where the files of the pages belong: the report and the lessons take them from there. */
export const BUILT_PAGES = join(ROOT, 'dist', 'pages');

/** The pages' files, by name: frames as they are, scripts and styles each in one piece. */
export async function bundlePages(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: PAGES.flatMap(page => [
      { in: `report/${page}.ts`, out: page },
      { in: `report/style/${page}.css`, out: page },
    ]),
    outdir: BUILT_PAGES,
    write: false,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    minify: true,
    charset: 'utf8',
  });
  const frames = PAGES.map(page => [`${page}.html`, readFileSync(join(ROOT, 'report', `${page}.html`), 'utf8')] as const);
  return new Map([...frames, ...outputFiles.map(({ path, text }) => [basename(path), text] as const)]);
}
