import { type CallEntry, callEntries, type RegisterEntry } from '../src/cli/calls/call-entries.ts';
import { callNumber } from '../src/cli/calls/call-page.ts';
import { checkEntries, fieldEntries, profileEntries } from '../src/cli/profiles/profile-entries.ts';
import { scenarioJsonSchema } from '../src/scenario/index.ts';
import { type CommandRecord, commands } from '../src/tpm/index.ts';
import { linked, sourcesPage, threatsPage } from './citations/reference-pages.ts';
import { decodePage } from './decode-page.ts';
import { frontendTables } from './frontend-tables.ts';
import { howTos } from './how-to.ts';
import { rows } from './markdown.ts';
import { ownFirmware } from './protocol-table.ts';
import { architecture } from './rooms-picture.ts';
import { scenarioReference } from './scenario-reference.ts';

/** A file that is made from the declarations: `npm run docs` writes it, `npm run check:docs` compares. */
export interface Generated {
  /** From the repository's root on. */
  readonly path: string;
  text(): string;
}

const HYPERCALLS =
  'Made by `npm run docs` from the records in `src/hcall/calls/`; `svm-sim calls` shows the same. The number stands in r3.';
const ULTRACALLS =
  'Made by `npm run docs` from the records in `src/ultravisor/calls/`; `svm-sim calls` shows the same. The number stands in r3.';

/** From `docs/` on. */
const REFERENCE = 'reference';

export const generated: readonly Generated[] = [
  { path: 'docs/hypercalls.md', text: () => linked(callTable('hypercall', 'Hypercalls', HYPERCALLS), REFERENCE) },
  { path: 'docs/ultracalls.md', text: () => linked(callTable('ultracall', 'Ultracalls', ULTRACALLS), REFERENCE) },
  { path: 'docs/tpm-commands.md', text: () => tpmCommands([...commands.values()]) },
  { path: 'docs/frontends.md', text: () => linked(frontendTables(), REFERENCE) },
  { path: 'docs/profiles.md', text: () => linked(profileTable(), REFERENCE) },
  { path: 'docs/decode.md', text: decodePage },
  { path: 'docs/scenarios.md', text: () => linked(scenarioReference(), REFERENCE) },
  { path: 'fixtures/scenario.schema.json', text: () => `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n` },
  { path: 'docs/reference/threats.md', text: threatsPage },
  { path: 'docs/reference/sources.md', text: sourcesPage },
  { path: 'docs/architecture.md', text: architecture },
  { path: 'docs/own-firmware.md', text: ownFirmware },
  ...howTos,
];

function callTable(kind: CallEntry['kind'], title: string, head: string): string {
  const sections = callEntries
    .filter(entry => entry.kind === kind)
    .map(({ number, name, about, caller, provider, source, fromSvm, in: input, out, returns, fields, checks }) =>
      [
        `## ${name} (${callNumber(number)})`,
        sentence(about),
        `Who may call: ${caller}. Provider: \`${provider}\`. ${fromSvm ? `From an SVM: ${fromSvm}. ` : ''}Source: ${source}.`,
        registers('in', input),
        registers('out', out),
        rows(
          ['returns', 'number', 'when', 'profiles'],
          returns.map(({ code, number: value, when, profiles }) => [
            `\`${code}\``,
            value === null ? 'none published' : String(value),
            when,
            profiles.length === profileEntries.length ? 'all' : profiles.join(', '),
          ]),
        ),
        rows(
          ['field of the profiles', ...profileEntries.map(({ name: profile }) => profile)],
          fields.map(({ field, values }) => [`\`${field}\``, ...Object.values(values)]),
        ),
        checks.length > 0 ? `Checks: ${checks.map(check => `\`${check}\``).join(', ')}.` : '',
      ]
        .filter(part => part !== '')
        .join('\n\n'),
    );
  return `# ${title}\n\n${head}\n\n${sections.join('\n\n')}\n`;
}

function tpmCommands(all: readonly CommandRecord[]): string {
  const body = [...all]
    .sort((a, b) => a.code - b.code)
    .map(({ code, name, spec, handles, params, returns }) => [
      `0x${code.toString(16)}`,
      name,
      spec,
      Object.keys(handles).join(', '),
      Object.keys(params).join(', '),
      Object.keys(returns).join(', '),
    ]);
  const table = rows(['code', 'command', 'clause', 'handles', 'parameters', 'returns'], body);
  return `# TPM commands\n\nMade by \`npm run docs\` from the records in \`src/tpm/commands/\`: what the embedded TPM has.\n\n${table}\n`;
}

/** Every field, check and weakness, with reasons and scenarios. */
function profileTable(): string {
  const names = profileEntries.map(({ name }) => name);
  const fields = rows(
    ['field', 'what it decides', ...names],
    fieldEntries.map(({ field, about, values }) => [
      `\`${field}\``,
      about,
      ...names.map(name => bold(values[name]?.value ?? '', values[name]?.differs ?? false)),
    ]),
  );
  const differences = rows(
    ['field', 'profile', 'value', 'why', 'source'],
    fieldEntries.flatMap(({ field, values }) =>
      names
        .filter(name => name === 'published' || values[name]?.differs)
        .sort((a, b) => Number(b === 'published') - Number(a === 'published'))
        .map(name => [`\`${field}\``, name, values[name]?.value ?? '', values[name]?.why ?? '', values[name]?.source ?? '']),
    ),
  );
  const checks = rows(
    ['check', 'what it refuses', ...names, 'why left out'],
    checkEntries.map(({ check, about, made, leftOut }) => [
      `\`${check}\``,
      about,
      ...names.map(name => (made[name] ? 'yes' : 'no')),
      leftOut ?? '',
    ]),
  );
  const about = profileEntries.map(profile => `* \`${profile.name}\`: ${profile.about}.`).join('\n');
  const head =
    'Made by `npm run docs` from `src/ultravisor/core/profile-fields.ts`, `core/checks.ts` and `weaknesses/`; `svm-sim profiles` shows the same. A profile is data; handlers ask for a field, never for a name.';
  return [
    '# Profiles',
    head,
    about,
    '## Fields',
    'Bold: another value than the published code has.',
    fields,
    '## Reasons',
    differences,
    '## Checks',
    checks,
    '## Weaknesses',
    'What an attacker may try, what answers it, in which profile it is closed, and the scenarios that show it: [threats](reference/threats.md).',
  ]
    .join('\n\n')
    .concat('\n');
}

const bold = (text: string, is: boolean): string => (is ? `**${text}**` : text);

function registers(title: string, uses: readonly RegisterEntry[]): string {
  return rows(
    [title, 'register', 'unit'],
    uses.map(({ name, register, unit }) => [`\`${name}\``, `r${register}`, unit]),
  );
}

const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);
