import { type LibvirtBehaviour, qemuArguments, readDomain, schemaProblems } from '../../machine/index.ts';
import { SimulatorError } from '../../sim/index.ts';
import { Differences, type PlayedCase } from '../played-case.ts';
import type { RecordingKind } from '../recording-kind.ts';

/** What the real libvirt made of a domain definition. */
interface RecordedDomain {
  readonly name: string;
  readonly xml: string;
  readonly schemaValid: boolean;
  readonly accepted: boolean;
  /** The TPM-related options of QEMU, in pairs and in order. */
  readonly qemuArgs?: readonly (readonly [string, string])[];
  /** libvirt's message; the recorder took `error: ` out of it wherever it stood. */
  readonly error?: string;
}

interface Outcome {
  readonly qemuArgs: string;
  readonly error: string;
  readonly schemaValid: boolean;
}

export const libvirtDomains: RecordingKind<readonly RecordedDomain[]> = {
  name: 'libvirt',
  about: 'Domain definitions with TPM devices: a list whose entries have `xml`, `accepted`, and `qemuArgs` or `error`',
  recognises: (json): json is readonly RecordedDomain[] => Array.isArray(json) && json.length > 0 && json.every(isCase),
  async *play(domains, _file, wanted, { libvirt }) {
    for (const recorded of domains) if (wanted(recorded.name)) yield playDomain(recorded, libvirt.behaviour);
  },
};

function isCase(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'xml' in value && typeof value.xml === 'string' && 'accepted' in value && 'name' in value;
}

/** The recording machine had no TPM device at all. */
const noDevice = (): string => 'No such file or directory';

/**
 * Reads the recorded definition here, and compares verdict, message and options (docs/reference/decisions.md#how-recordings-are-compared).
 */
function playDomain(recorded: RecordedDomain, { parserPlace }: LibvirtBehaviour): PlayedCase {
  const { name, xml, accepted, schemaValid, qemuArgs, error = '' } = recorded;
  const outcome = outcomeOf(xml);
  const differences = new Differences();
  differences.compare('accepted', accepted, outcome.error === '');
  differences.compare('error', substance(error, parserPlace), substance(outcome.error, 'name and line'));
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
function substance(message: string, place: LibvirtBehaviour['parserPlace']): string {
  const words = message.replaceAll('error: ', '');
  const parsed = place === 'line' ? /^at line (\d+): (.*)$/ : /^\(domain_definition\):(\d+): (.*)$/;
  const [, line, mistake = ''] = parsed.exec(words.split('\n')[0] ?? '') ?? [];
  return line === undefined ? words : `line ${line}: ${mistake.replace(/:.*/, '')}`;
}
