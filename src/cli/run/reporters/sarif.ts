import { version } from '../../version.ts';
import { type Failure, failuresOf, type Reporter, warned } from './reporter.ts';
import { fromWorkspace } from './workspace.ts';

const RULES: Readonly<Record<string, string>> = {
  expectation: 'A step did not give what was expected.',
  ended: 'A run was ended before its last step.',
  'not-run': 'Steps were not run.',
  'never-struck': 'A rule of the adversary or a fault did nothing.',
  broken: 'A scenario cannot be run.',
  'no-leak': 'A secret was visible to the hypervisor.',
  'no-forgery': 'Something is secure that its owner did not mean.',
  'no-residue': 'Something was left of an SVM.',
};

const result = (level: 'error' | 'warning', { rule, lines, place }: Failure, file: string) => ({
  ruleId: rule,
  level,
  message: { text: lines.join('\n') },
  locations: [
    {
      physicalLocation: {
        artifactLocation: { uri: encodeURI(fromWorkspace(place?.file ?? file)) },
        region: { startLine: place?.line ?? 1 },
      },
    },
  ],
});

/** SARIF 2.1.0 (OASIS), as code scanning of GitHub and editors read it: a result at each expectation that failed. */
export const sarif: Reporter = {
  name: 'sarif',
  about: 'SARIF 2.1.0, as code scanning reads it',
  write(entries) {
    const results = entries.flatMap(entry => {
      if ('broken' in entry) {
        const { file, problems } = entry.broken;
        return problems.map(one =>
          result('error', { rule: 'broken', lines: [one.what], place: { file: one.file ?? file, line: one.line ?? 1 } }, file),
        );
      }
      const { report } = entry;
      return report.ok
        ? report.warnings.map(one => result('warning', warned(one), report.file))
        : failuresOf(report).map(one => result('error', one, report.file));
    });
    const rules = Object.entries(RULES).map(([id, text]) => ({ id, shortDescription: { text } }));
    const log = {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [{ tool: { driver: { name: 'svm-sim', version: version(), rules } }, results }],
    };
    return `${JSON.stringify(log, null, 2)}\n`;
  },
};
