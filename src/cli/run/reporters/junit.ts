import { failures, type Outcome, type Reporter } from './reporter.ts';

// Characters that XML cannot hold at all are shown as such.
const xml = (text: string): string =>
  text
    .replace(/[^\t\n\r\x20-\ufffd]/g, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
const seconds = (ms: number): string => (ms / 1000).toFixed(3);

/** JUnit XML: a suite for each scenario, a case for each step and each invariant. */
export const junit: Reporter = {
  name: 'junit',
  about: 'JUnit XML, as most CI systems read it',
  write(outcomes) {
    const suites = outcomes.map(suite);
    const total = outcomes.reduce((sum, { ms }) => sum + ms, 0);
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="svm-sim" time="${seconds(total)}">\n${suites.join('')}</testsuites>\n`;
  },
};

function suite({ report, ms }: Outcome): string {
  const { title, file, steps, invariants, notRun } = report;
  const cases = [
    ...steps.map(({ number, name, text, ok, why, mismatches }) => ({
      name: `${number} ${name}: ${text}`,
      ok,
      why: why?.sentence ?? '',
      detail: mismatches.map(({ field, expected, actual }) => `${field}: expected ${expected}, actual ${actual}`).join('\n'),
    })),
    ...invariants.map(({ name, ok, text }) => ({ name, ok, why: text, detail: '' })),
  ];
  const failed = cases.filter(({ ok }) => !ok).length;
  const attributes = `name="${xml(title)}" file="${xml(file)}" tests="${cases.length + notRun}" failures="${failed}" skipped="${notRun}" time="${seconds(ms)}"`;
  const lines = cases.map(one => {
    const head = `    <testcase classname="${xml(file)}" name="${xml(one.name)}"`;
    return one.ok ? `${head}/>\n` : `${head}>\n      <failure message="${xml(one.why)}">${xml(one.detail)}</failure>\n    </testcase>\n`;
  });
  for (let i = 0; i < notRun; i++) {
    lines.push(`    <testcase classname="${xml(file)}" name="step ${steps.length + i + 1}"><skipped/></testcase>\n`);
  }
  const out = failures(report).join('\n');
  return `  <testsuite ${attributes}>\n${lines.join('')}${out ? `    <system-out>${xml(out)}</system-out>\n` : ''}  </testsuite>\n`;
}
