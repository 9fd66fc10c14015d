import { readTrace, toReport, viewpointOf } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import { save } from '../trace/export-trace.ts';
import type { ReportFlags } from './flags.ts';

export async function report(file: string, { output, as }: ReportFlags, io: Io): Promise<number> {
  const page = toReport(await readTrace(file), as === undefined ? {} : { only: viewpointOf(as) });
  await save(output, page);
  io.out(`${output}: ${Math.ceil(page.length / 1024)} KiB\n`);
  return EXIT.held;
}
