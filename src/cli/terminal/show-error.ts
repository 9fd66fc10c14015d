import { visible, visibleLines } from '../../bytes/index.ts';
import type { Problem } from '../../scenario/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { EXIT, type Io } from '../io.ts';
import { Interrupted } from './interrupted.ts';

/** Says what went wrong; the exit status. Only a fault of the simulator itself comes with its stack unasked. */
export async function report(error: unknown, io: Io, verbose: boolean): Promise<number> {
  if (error instanceof Interrupted) return EXIT.interrupted;
  const { painter } = await import('../../trace/index.ts');
  const paint = painter(io.errColors);
  if (!(error instanceof SimulatorError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.err(`${paint('svm-sim has a fault of its own:', 'bad')} ${text}\n`);
    return EXIT.environment;
  }
  const problems = 'problems' in error ? (error.problems as readonly Problem[]) : [];
  for (const problem of problems) io.err(`${showProblem(problem, paint)}\n`);
  if (problems.length === 0) {
    io.err(`${error.where ? `${paint(error.where, 'heading')}: ` : ''}${paint(error.what, 'bad')}\n`);
    if (error.hint) io.err(`${indent(error.hint)}\n`);
  } else io.err(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n`);
  if (verbose && error.stack) io.err(`${error.stack}\n`);
  return error.blame === 'environment' ? EXIT.environment : EXIT.usage;
}

type Paint = (text: string, tone: 'bad' | 'heading' | 'quiet' | undefined) => string;

/** Place, what is wrong, the source line with a caret, and what to do about it. */
function showProblem(problem: Problem, paint: Paint): string {
  const { line, column, hint } = problem;
  const [file, what] = [visible(problem.file), visible(problem.what)];
  const source = visibleLines(problem.source);
  const gutter = `${line} | `;
  // A tab before the caret stays a tab, so that the caret stands where the reader sees the column.
  const lead = visibleLines(problem.source.slice(0, column - 1)).replace(/[^\t]/g, ' ');
  const lines = [
    `${paint(`${file}:${line}:${column}`, 'heading')}: ${paint(what, 'bad')}`,
    `  ${paint(gutter, 'quiet')}${source}`,
    `  ${' '.repeat(gutter.length)}${lead}${paint('^', 'bad')}`,
  ];
  if (hint) lines.push(indent(visibleLines(hint)));
  return lines.join('\n');
}

const indent = (text: string): string => text.replace(/^/gm, '  ');
