import { failures, type Reporter } from './reporter.ts';

/** The Test Anything Protocol, version 14: a test for each scenario. */
export const tap: Reporter = {
  name: 'tap',
  about: 'Test Anything Protocol, version 14',
  write(outcomes) {
    const lines = ['TAP version 14', `1..${outcomes.length}`];
    outcomes.forEach(({ report, ms }, i) => {
      // What begins a directive or an escape in a description is escaped.
      const title = report.title.replace(/[\\#]/g, '\\$&');
      lines.push(
        `${report.ok ? 'ok' : 'not ok'} ${i + 1} - ${title}`,
        '  ---',
        `  file: ${JSON.stringify(report.file)}`,
        `  duration_ms: ${ms.toFixed(1)}`,
      );
      const wrong = failures(report);
      if (wrong.length > 0) lines.push('  message: |', ...wrong.flatMap(text => text.split('\n')).map(line => `    ${line}`));
      lines.push('  ...');
    });
    return `${lines.join('\n')}\n`;
  },
};
