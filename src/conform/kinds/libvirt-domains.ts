import { qemuArguments, readDomain, schemaProblems } from '../../machine/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { Differences, type PlayedCase } from '../played-case.ts';
import type { RecordedDomain } from './libvirt-recording.ts';

interface Outcome {
  readonly qemuArgs: string;
  readonly error: string;
  readonly schemaValid: boolean;
}

/** The recording machine had no TPM device at all. */
const noDevice = (): string => 'No such file or directory';

/**
 * Reads the recorded definition here, and compares verdict, message and options (docs/reference/decisions.md#how-recordings-are-compared).
 */
export function playDomain(recorded: RecordedDomain): PlayedCase {
  const { name, xml, accepted, schemaValid, qemuArgs, error = '' } = recorded;
  const outcome = outcomeOf(xml);
  const differences = new Differences();
  differences.compare('accepted', accepted, outcome.error === '');
  differences.compare('error', substance(error), substance(outcome.error));
  differences.compare('qemuArgs', (qemuArgs ?? []).map(pair => pair.join(' ')).join('\n'), outcome.qemuArgs);
  differences.compare('schemaValid', schemaValid, outcome.schemaValid);
  return { name, differences: differences.all };
}

function outcomeOf(xml: string): Outcome {
  let schemaValid = false;
  try {
    schemaValid = schemaProblems(xml, 'domain.xml').length === 0;
    const domain = readDomain(xml, 'domain.xml');
    const pairs = qemuArguments(domain, { probe: noDevice });
    return { qemuArgs: pairs.map(pair => pair.join(' ')).join('\n'), error: '', schemaValid };
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error;
    return { qemuArgs: '', error: error.what, schemaValid };
  }
}

/** What the parser of XML says is compared in substance only: line and kind of mistake. */
function substance(message: string): string {
  const words = message.replaceAll('error: ', '');
  const [, line, mistake = ''] = /^\(domain_definition\):(\d+): (.*)$/.exec(words) ?? [];
  return line === undefined ? words : `line ${line}: ${mistake.replace(/:.*/, '')}`;
}
