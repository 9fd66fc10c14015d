import type { ScenarioReport, StepReport } from '../../scenario/index.ts';
import type { Paint } from '../../trace/index.ts';

/** What is said when a scenario is over: why a step failed, layer by layer, the invariants, and the verdict. */
export function showReport(report: ScenarioReport, paint: Paint): string {
  const lines: string[] = [''];
  for (const step of report.steps) if (!step.ok) lines.push(...showFailure(step, paint), '');
  for (const { name, ok, text } of report.invariants) lines.push(paint(`${ok ? '✓' : '✗'} ${name}: ${text}`, ok ? 'good' : 'bad'));
  if (report.ended && report.ended.text !== 'interrupted')
    lines.push(paint(`✗ ended (${report.ended.reason}): ${report.ended.text}`, 'bad'));
  if (report.notRun > 0) {
    const why = report.interrupted ? 'interrupted' : report.ended ? report.ended.reason : 'an earlier step did not give what was expected';
    lines.push(paint(`- ${report.notRun} of ${report.notRun + report.steps.length} steps were not run: ${why}`, 'quiet'));
  }
  const failed = report.steps.filter(({ ok }) => !ok).length + report.invariants.filter(({ ok }) => !ok).length;
  const ms = Number(report.virtualTimeNs / 1000n) / 1000;
  const facts = `${report.steps.length} steps, ${report.events} events, ${ms} ms of virtual time`;
  const verdict = report.interrupted ? 'INTERRUPTED' : report.ended?.reason === 'break' ? 'STOPPED' : report.ok ? 'HELD' : 'FAILED';
  const cut = report.interrupted || report.ended;
  const what = report.ok ? 'everything that was expected came' : cut ? 'not all steps were run' : `${failed} failed`;
  lines.push(`${paint(verdict, report.ok ? 'good' : 'bad')}  ${report.title}: ${what} (${facts})`, '');
  return lines.join('\n');
}

function showFailure({ number, name, mismatches, why }: StepReport, paint: Paint): string[] {
  const lines = [paint(`✗ Step ${number} (${name}) did not give what was expected.`, 'bad')];
  if (why) lines.push(`  ${why.sentence}`);
  const width = Math.max(0, ...mismatches.map(({ field }) => field.length));
  for (const { field, expected, actual, hint } of mismatches) {
    lines.push(`    ${field.padEnd(width)}  expected: ${expected}`, `    ${' '.repeat(width)}  actual:   ${actual}`);
    if (hint) lines.push(`    ${' '.repeat(width)}  ${hint}`);
  }
  if (why && why.layers.length > 0) {
    lines.push('  Layer by layer:');
    for (const { layer, text, event } of why.layers)
      lines.push(`    ${layer.padEnd(9)}  ${text}${event === undefined ? '' : paint(`  #${event}`, 'quiet')}`);
  }
  return lines;
}
