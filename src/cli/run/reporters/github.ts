import { failures, type Reporter } from './reporter.ts';

const value = (text: string): string => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
const property = (text: string): string => value(text).replace(/:/g, '%3A').replace(/,/g, '%2C');

/** Workflow commands of GitHub Actions: an annotation at each scenario that failed. */
export const github: Reporter = {
  name: 'github',
  about: 'annotations of GitHub Actions',
  write: outcomes =>
    outcomes
      .filter(({ report }) => !report.ok)
      .map(({ report }) => `::error file=${property(report.file)},title=${property(report.title)}::${value(failures(report).join('\n'))}\n`)
      .join(''),
};
