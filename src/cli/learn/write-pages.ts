import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { indexPage, lessonPages, lessons, type Page, Runs } from '../../learn/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { COMMON, writeText } from '../files/write-whole.ts';
import { EXIT, type Io } from '../io.ts';
import { version } from '../version.ts';

/** Writes an index, and for each lesson its page and the report of its runs. They need no network and open from disk. */
export async function writePages(folder: string, seed: string | undefined, io: Io): Promise<number> {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new SimulatorError('learn.folder', {
      where: folder,
      what: `cannot be made: ${error.message}`,
      blame: 'environment',
      cause: error,
    });
  });
  const write = ({ file, html }: Page): void => {
    writeText(join(folder, file), html, COMMON);
    io.out(`${join(folder, file)}: ${Math.ceil(html.length / 1024)} KiB\n`);
  };
  write(indexPage());
  for (const lesson of lessons) {
    const runs = new Runs(lesson, seed === undefined ? {} : { seed });
    for (const page of await lessonPages(lesson, runs, version())) write(page);
    if (io.signal.aborted) return EXIT.interrupted;
  }
  return EXIT.held;
}
