import { type Hcall, hcalls } from '../src/hcall/index.ts';

/** A file that is made from the declarations: `npm run docs` writes it, `npm run check:docs` compares. */
export interface Generated {
  /** From the repository's root on. */
  readonly path: string;
  text(): string;
}

export const generated: readonly Generated[] = [{ path: 'docs/hypercalls.md', text: () => hypercalls([...hcalls.values()]) }];

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
