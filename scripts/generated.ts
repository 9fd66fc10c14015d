import { type Hcall, hcalls } from '../src/hcall/index.ts';
import { type AnyCommand, commands } from '../src/tpm/index.ts';
import { CHECKS, type Profile, profiles, type Ultracall, ultracalls } from '../src/ultravisor/index.ts';

/** A file that is made from the declarations: `npm run docs` writes it, `npm run check:docs` compares. */
export interface Generated {
  /** From the repository's root on. */
  readonly path: string;
  text(): string;
}

export const generated: readonly Generated[] = [
  { path: 'docs/hypercalls.md', text: () => hypercalls([...hcalls.values()]) },
  { path: 'docs/ultracalls.md', text: () => ultracallTable([...ultracalls.values()]) },
  { path: 'docs/tpm-commands.md', text: () => tpmCommands([...commands.values()]) },
  { path: 'docs/profiles.md', text: () => profileTable(Object.values(profiles)) },
];

function hypercalls(calls: readonly Hcall[]): string {
  const sections = [...calls]
    .sort((a, b) => a.number - b.number)
    .map(({ number, name, provider, source, about, in: input, out, returns }) =>
      [
        `## ${name} (0x${number.toString(16).toUpperCase()})`,
        sentence(about),
        `Provider: \`${provider}\`. Source: ${source}.`,
        registers('in', input),
        registers('out', out),
        rows(
          ['returns', 'when'],
          Object.entries(returns).map(([code, when]) => [`\`${code}\``, when ?? '']),
        ),
      ]
        .filter(part => part !== '')
        .join('\n\n'),
    );
  return `# Hypercalls\n\nMade by \`npm run docs\` from the records in \`src/hcall/calls/\`. The number stands in r3.\n\n${sections.join('\n\n')}\n`;
}

function ultracallTable(calls: readonly Ultracall[]): string {
  const sections = [...calls]
    .sort((a, b) => a.number - b.number)
    .map(({ number, name, caller, source, about, in: input, out, returns }) =>
      [
        `## ${name} (0x${number.toString(16).toUpperCase()})`,
        sentence(about),
        `Who may call: ${caller}. Source: ${source}.`,
        registers('in', input),
        registers('out', out),
        rows(
          ['returns', 'when'],
          Object.entries(returns).map(([code, when]) => [`\`${code}\``, when ?? '']),
        ),
      ]
        .filter(part => part !== '')
        .join('\n\n'),
    );
  const head = 'Made by `npm run docs` from the records in `src/ultravisor/calls/`. The number stands in r3; U_PERMISSION: another caller.';
  return `# Ultracalls\n\n${head}\n\n${sections.join('\n\n')}\n`;
}

function tpmCommands(all: readonly AnyCommand[]): string {
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

/** Fields in which the profiles differ, and the checks that each makes or leaves out. */
function profileTable(all: readonly Profile[]): string {
  const show = (value: unknown): string => (Array.isArray(value) ? value.join(', ') || 'none' : String(value));
  const fields = (Object.keys(all[0] ?? {}) as (keyof Profile)[]).filter(field => field !== 'name' && field !== 'about');
  const differing = fields.filter(field => new Set(all.map(profile => show(profile[field]))).size > 1);
  const table = rows(
    ['field', ...all.map(({ name }) => name)],
    differing.map(field => [`\`${field}\``, ...all.map(profile => show(profile[field]))]),
  );
  const checks = rows(
    ['check', 'what it refuses', ...all.map(({ name }) => name)],
    Object.entries(CHECKS).map(([name, about]) => [
      `\`${name}\``,
      about,
      ...all.map(({ without }) => (without.some(left => left === name) ? 'no' : 'yes')),
    ]),
  );
  const about = all.map(profile => `* \`${profile.name}\`: ${profile.about}.`).join('\n');
  const head = 'Made by `npm run docs` from `src/ultravisor/profile.ts`. A profile is data; handlers ask for a field, never for a name.';
  return `# Profiles\n\n${head}\n\n${about}\n\n${table}\n\n## Checks\n\n${checks}\n`;
}

function registers(title: string, uses: Hcall['in']): string {
  return rows(
    [title, 'register', 'unit'],
    Object.entries(uses).map(([name, { register, unit }]) => [`\`${name}\``, `r${register}`, unit]),
  );
}

const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);

function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  if (body.length === 0) return '';
  const line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}
