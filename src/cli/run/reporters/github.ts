import { NOTHING_ASKED } from '../outcome.ts';
import { showBroken } from '../sinks.ts';
import { type Failure, failuresOf, type Reporter, warned } from './reporter.ts';
import { fromWorkspace } from './workspace.ts';

const value = (text: string): string => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
const property = (text: string): string => value(text).replace(/:/g, '%3A').replace(/,/g, '%2C');

const annotation = (level: 'error' | 'warning' | 'notice', file: string, line: number, title: string, text: string): string =>
  `::${level} file=${property(fromWorkspace(file))},line=${line},title=${property(title)}::${value(text)}\n`;

/** Workflow commands of GitHub Actions: an annotation at each expectation that failed, and at each rule that never struck. */
export const github: Reporter = {
  name: 'github',
  about: 'annotations of GitHub Actions',
  write: entries =>
    entries
      .flatMap(entry => {
        if ('broken' in entry) {
          const { broken } = entry;
          const [{ file = broken.file, line = 1 } = {}] = broken.problems;
          return annotation('error', file, line, `${broken.file} cannot be run`, showBroken(broken).join('\n'));
        }
        const { report } = entry;
        const at = (level: 'error' | 'warning', { place, lines }: Failure): string =>
          annotation(level, place?.file ?? report.file, place?.line ?? 1, report.title, lines.join('\n'));
        const unasked = report.ok && report.asked === 0 ? [annotation('notice', report.file, 1, report.title, NOTHING_ASKED)] : [];
        if (report.ok) return [...report.warnings.map(warned).map(one => at('warning', one)), ...unasked];
        // What was not run for it is told with the failure itself.
        const all = failuresOf(report);
        const [first, ...more] = all.filter(({ rule }) => rule !== 'not-run');
        const rest = all.filter(({ rule }) => rule === 'not-run').flatMap(({ lines }) => lines);
        return first
          ? [at('error', { ...first, lines: [...first.lines, ...rest] }), ...more.map(one => at('error', one))]
          : all.map(one => at('error', one));
      })
      .join(''),
};
