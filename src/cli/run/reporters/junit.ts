import { showMismatch } from '../../../scenario/index.ts';
import { NOTHING_ASKED } from '../outcome.ts';
import { type Broken, showBroken } from '../sinks.ts';
import { type Entry, failures, type Reporter } from './reporter.ts';

// Characters that XML cannot hold at all are shown as such.
const xml = (text: string): string =>
  text
    .replace(/[^\t\n\r\x20-\ufffd]/g, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
const seconds = (ms: number): string => (ms / 1000).toFixed(3);

interface Counts {
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
  readonly ms: number;
}

const counted = ({ tests, failures: failed, errors, skipped, ms }: Counts): string =>
  `tests="${tests}" failures="${failed}" errors="${errors}" skipped="${skipped}" time="${seconds(ms)}"`;

/** JUnit XML: a suite for each scenario, a case for each step and each invariant. */
export const junit: Reporter = {
  name: 'junit',
  about: 'JUnit XML, as most CI systems read it',
  write(entries) {
    const suites = entries.map(entry => ('broken' in entry ? brokenSuite(entry.broken) : suite(entry)));
    const sum = (of: keyof Counts): number => suites.reduce((total, { counts }) => total + counts[of], 0);
    const all = { tests: sum('tests'), failures: sum('failures'), errors: sum('errors'), skipped: sum('skipped'), ms: sum('ms') };
    const body = suites.map(({ text }) => text).join('');
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="svm-sim" ${counted(all)}>\n${body}</testsuites>\n`;
  },
};

interface Suite {
  readonly counts: Counts;
  readonly text: string;
}

/** A scenario that could not be run: an error, not a failure, for nothing was found out about it. */
function brokenSuite(broken: Broken): Suite {
  const counts = { tests: 1, failures: 0, errors: 1, skipped: 0, ms: 0 };
  const [first = '', ...more] = showBroken(broken);
  const file = xml(broken.file);
  const error = `<error message="${xml(first)}" type="broken">${xml([first, ...more].join('\n'))}</error>`;
  const one = `    <testcase classname="${file}" name="can be run" time="0.000">\n      ${error}\n    </testcase>\n`;
  return { counts, text: `  <testsuite name="${file}" file="${file}" ${counted(counts)}>\n${one}  </testsuite>\n` };
}

function suite({ report, ms, stepMs, failed: tries }: Exclude<Entry, { broken: Broken }>): Suite {
  const { title, file, steps, invariants, notRun, warnings, ok, asked } = report;
  const cases = [
    ...steps.map(({ number, name, text, ok: good, why, mismatches }, i) => ({
      name: `${number} ${name}: ${text}`,
      ok: good,
      time: stepMs[i] ?? 0,
      // What was expected first, then why it did not come.
      message: [...mismatches.map(showMismatch), why?.sentence ?? ''].filter(said => said !== '').join('; '),
      detail: [
        ...mismatches.map(showMismatch),
        why?.sentence ?? '',
        ...(why?.layers ?? []).map(({ layer, text: said }) => `${layer}: ${said}`),
      ].join('\n'),
    })),
    ...invariants.map(({ name, ok: good, text }) => ({ name, ok: good, time: 0, message: text, detail: text })),
    // With --strict: a run that did not hold though nothing else is wrong.
    ...(ok || report.ended || report.interrupted ? [] : warnings).map(({ text }) => ({
      name: text.replace(/ never struck.*/, ' strikes'),
      ok: false,
      time: 0,
      message: text,
      detail: text,
    })),
  ];
  const counts = {
    tests: cases.length + notRun,
    failures: cases.filter(one => !one.ok).length,
    errors: 0,
    skipped: notRun,
    ms,
  };
  const lines = cases.map(one => {
    const head = `    <testcase classname="${xml(file)}" name="${xml(one.name)}" time="${seconds(one.time)}"`;
    return one.ok
      ? `${head}/>\n`
      : `${head}>\n      <failure message="${xml(one.message)}" type="expectation">${xml(one.detail)}</failure>\n    </testcase>\n`;
  });
  for (let i = 0; i < notRun; i++) {
    lines.push(`    <testcase classname="${xml(file)}" name="step ${steps.length + i + 1}" time="0.000"><skipped/></testcase>\n`);
  }
  const out = [
    ...tries.map((tried, i) => `try ${i + 1} of ${tries.length + 1} (seed ${tried.seed}) had failed: ${failures(tried)[0] ?? ''}`),
    ...failures(report),
    ...(ok ? warnings.map(({ text, place }) => `warning: ${place ? `${place.file}:${place.line}: ` : ''}${text}`) : []),
    ...(ok && asked === 0 ? [NOTHING_ASKED] : []),
  ].join('\n');
  const body = `${lines.join('')}${out ? `    <system-out>${xml(out)}</system-out>\n` : ''}`;
  return { counts, text: `  <testsuite name="${xml(title)}" file="${xml(file)}" ${counted(counts)}>\n${body}  </testsuite>\n` };
}
