import { PRIVATE } from '../../sim/index.ts';
import { readTrace, redacted, toReport, viewpointOf } from '../../trace/index.ts';
import { save } from '../files/write-whole.ts';
import { EXIT, type Io } from '../io.ts';
import type { ReportFlags } from './flags.ts';

export async function report(file: string, { output, as, redact }: ReportFlags, io: Io): Promise<number> {
  const { header, runs } = await readTrace(file);
  const shown = redact ? runs.map(run => ({ ...run, events: redacted(run.events) })) : runs;
  const page = toReport({ header, runs: shown }, as === undefined ? {} : { only: viewpointOf(as) });
  save(output, page, PRIVATE);
  io.out(`${output}: ${Math.ceil(page.length / 1024)} KiB\n`);
  return EXIT.held;
}
