import { NOTHING_ASKED } from '../outcome.ts';
import { showBroken } from '../sinks.ts';
import { type Entry, failures, type Reporter } from './reporter.ts';

/** What is on one line, whatever stands in it; what begins a directive or an escape in a description is escaped. */
const described = (title: string): string => title.replace(/\s+/g, ' ').replace(/[\\#]/g, '\\$&');

/** The Test Anything Protocol, version 14: a test for each scenario. */
export const tap: Reporter = {
  name: 'tap',
  about: 'Test Anything Protocol, version 14',
  write(entries) {
    const lines = ['TAP version 14', `1..${entries.length}`];
    entries.forEach((entry, i) => {
      const { ok, title, file, ms, said } = factsOf(entry);
      lines.push(
        `${ok ? 'ok' : 'not ok'} ${i + 1} - ${described(title)}`,
        '  ---',
        `  file: ${JSON.stringify(file)}`,
        `  duration_ms: ${ms.toFixed(1)}`,
      );
      if (said.length > 0) lines.push('  message: |', ...said.flatMap(text => text.split(/\r\n|[\r\n]/)).map(line => `    ${line}`));
      lines.push('  ...');
    });
    return `${lines.join('\n')}\n`;
  },
};

function factsOf(entry: Entry) {
  if ('broken' in entry) {
    const { broken } = entry;
    return { ok: false, title: `${broken.file} cannot be run`, file: broken.file, ms: 0, said: showBroken(broken) };
  }
  const { report, ms, failed } = entry;
  const tries = failed.length > 0 ? [`try ${failed.length + 1}: those before it had failed`] : [];
  const unasked = report.ok && report.asked === 0 ? [NOTHING_ASKED] : [];
  const warnings = report.ok ? report.warnings.map(({ text }) => `warning: ${text}`) : [];
  return { ok: report.ok, title: report.title, file: report.file, ms, said: [...failures(report), ...warnings, ...unasked, ...tries] };
}
