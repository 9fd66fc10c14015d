import { placeOfFailure, type ScenarioReport, type StepReport } from '../../scenario/index.ts';
import type { Paint } from '../../trace/index.ts';

/** What is said when a scenario is over: why a step failed, layer by layer, the invariants, and the verdict. `failed`: tries before. */
export function showReport(report: ScenarioReport, paint: Paint, failed = 0): string {
  const lines: string[] = [''];
  for (const step of report.steps) if (!step.ok) lines.push(...showFailure(step, paint), '');
  for (const { text, place } of report.warnings) lines.push(paint(`! ${place ? `${place.file}:${place.line}: ` : ''}${text}`, 'heading'));
  for (const { name, ok, text } of report.invariants) lines.push(paint(`${ok ? '✓' : '✗'} ${name}: ${text}`, ok ? 'good' : 'bad'));
  if (report.ended && report.ended.text !== 'interrupted')
    lines.push(paint(`✗ ended (${report.ended.reason}): ${report.ended.text}`, 'bad'));
  const all = report.notRun + report.steps.length;
  if (report.notRun > 0) {
    const why = report.interrupted ? 'interrupted' : report.ended ? report.ended.reason : 'an earlier step did not give what was expected';
    lines.push(paint(`- ${report.notRun} of ${all} steps were not run: ${why}`, 'quiet'));
  }
  const ms = Number(report.virtualTimeNs / 1000n) / 1000;
  const attempt = failed > 0 ? `try ${failed + 1}, ` : '';
  const facts = `${attempt}${report.steps.length} steps, ${report.events} events, ${ms} ms of virtual time`;
  const word = wordOf(report);
  const what = word === 'INTERRUPTED' ? `${report.steps.length} of ${all} steps were run` : whatCame(report);
  lines.push(`${paint(word, report.ok ? 'good' : 'bad')}  ${report.title}: ${what} (${facts})`, '');
  return lines.join('\n');
}

/** The verdict on a run, in a word. */
export const wordOf = ({ interrupted, ended, ok }: ScenarioReport): string =>
  interrupted ? 'INTERRUPTED' : ended?.reason === 'break' ? 'STOPPED' : ok ? 'HELD' : 'FAILED';

function whatCame({ ok, ended, steps, invariants, warnings, asked }: ScenarioReport): string {
  if (ok) return asked > 0 ? 'everything that was expected came' : NOTHING_ASKED;
  if (ended) return 'not all steps were run';
  const failed = steps.filter(one => !one.ok).length + invariants.filter(one => !one.ok).length;
  // With --strict, and nothing else wrong.
  return failed > 0 ? `${failed} failed` : `${warnings.length} ${warnings.length === 1 ? 'rule or fault' : 'rules or faults'} never struck`;
}

/** Of a scenario that has no `expect` anywhere. */
export const NOTHING_ASKED = 'each step came out as such a step does; nothing was asked beyond that, for no step says what to expect';

function showFailure({ number, name, mismatches, why, place }: StepReport, paint: Paint): string[] {
  const at = placeOfFailure(place, mismatches);
  const lines = [
    paint(`✗ Step ${number} (${name}) did not give what was expected.`, 'bad') + (at ? paint(`  ${at.file}:${at.line}`, 'quiet') : ''),
  ];
  const width = Math.max(0, ...mismatches.map(({ field }) => field.length));
  for (const { field, expected, actual, hint } of mismatches) {
    lines.push(`    ${field.padEnd(width)}  expected: ${expected}`, `    ${' '.repeat(width)}  actual:   ${actual}`);
    if (hint) lines.push(`    ${' '.repeat(width)}  ${hint}`);
  }
  if (why) lines.push(`  ${why.sentence}`);
  if (why && why.layers.length > 0) {
    lines.push('  Layer by layer:');
    for (const { layer, text, event } of why.layers)
      lines.push(`    ${layer.padEnd(9)}  ${text}${event === undefined ? '' : paint(`  #${event}`, 'quiet')}`);
  }
  return lines;
}
