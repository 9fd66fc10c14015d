import { formatResult, formatSummary, runConform } from '../../conform/index.ts';
import { painter } from '../../trace/index.ts';
import { DISCLAIMER, EXIT, type Io } from '../io.ts';

interface ConformFlags {
  readonly known?: string;
  readonly filter?: string;
  readonly quiet?: boolean;
}

export async function conform(paths: readonly string[], { known, filter, quiet = false }: ConformFlags, io: Io): Promise<number> {
  const paint = painter(io.colors);
  io.out(`${paint(DISCLAIMER, 'quiet')}\n`);
  const result = await runConform(paths, {
    ...(known === undefined ? {} : { knownFile: known }),
    ...(filter === undefined ? {} : { filter }),
    onResult: one => {
      if (!quiet || !one.ok) io.out(`${paint(formatResult(one), one.ok ? undefined : 'bad')}\n`);
    },
  });
  io.out(`${paint(formatSummary(result), result.failed > 0 ? 'bad' : 'good')}\n`);
  return result.failed > 0 ? EXIT.failed : EXIT.held;
}
