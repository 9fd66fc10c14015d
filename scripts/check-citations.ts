/** Citations that lead nowhere: in sources, tests, scenarios, documents, and in what the CLI prints; links between the documents. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { weaknesses } from '../src/cli/profiles/profile-entries.ts';
import { runCli } from '../src/cli/program.ts';
import { type Citation, citationsIn, type Library } from './citations/citations.ts';
import { deadPath, linksOf, withoutCode } from './citations/markdown-links.ts';
import { SOURCES } from './citations/sources.ts';
import { ROOT } from './layers.ts';

const FOLDERS = ['src', 'test', 'scripts', 'report', 'bench', 'docs', 'fixtures'];
const TEXTS = /\.(?:ts|tsx|js|html|yaml|md|schema\.json)$/;
/** What somebody may read who only has the program. */
const PRINTED: readonly (readonly string[])[] = [
  ['calls', '--json'],
  ['profiles'],
  ...['documented', 'published', 'hardened'].map(name => ['profiles', name]),
  ['explain', 'H_P5', '-58', '0x1C4', 'U_P3', 'TPM_RC_VALUE'],
  ['scenarios'],
  ...['first-boot', 'attacks/20-policy-b.hardened', 'attacks/01-other-kernel', 'codes/no-lockbox-for-this-host'].map(name => [
    'run',
    '-v',
    `fixtures/scenarios/${name}.yaml`,
  ]),
];
/** Fewer mean that this check no longer sees what it is for. */
const LEAST = { files: 700, links: 180, page: 150, recording: 15, threat: 120, source: 200, specification: 300, printed: 60 };

/** Its target, and its text where that is a page's name. */
const LINK = /\[[^\]\n]*\.md\]\([^)\n]*\)|\]\([^)\n]*\)/g;

const library: Library = { root: ROOT, sources: SOURCES, threats: new Set(weaknesses.map(({ number }) => number)) };
const faults: string[] = [];
const seen = new Map<string, number>();
const count = (what: string, by = 1): void => void seen.set(what, (seen.get(what) ?? 0) + by);

function note(place: (citation: Citation) => string, text: string): number {
  const citations = citationsIn(text, library);
  for (const citation of citations) {
    count(citation.kind);
    if (citation.dead !== null) faults.push(`${place(citation)}: "${citation.text}": ${citation.dead}`);
  }
  return citations.length;
}

/** Its examples lead nowhere on purpose. */
const EXAMPLES = 'test/project/citations.test.ts';
const paths = [
  ...readdirSync(ROOT).filter(name => name.endsWith('.md')),
  ...FOLDERS.flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(name => `${folder}/${name.replaceAll('\\', '/')}`),
  ).filter(path => TEXTS.test(path) && path !== EXAMPLES),
];
for (const path of paths) {
  const text = readFileSync(join(ROOT, path), 'utf8');
  count('files');
  const page = path.endsWith('.md');
  for (const { line, path: target, anchor } of page ? linksOf(path, text) : []) {
    count('links');
    const dead = deadPath(ROOT, target, anchor);
    if (dead !== null) faults.push(`${path}:${line}: the link leads nowhere: ${dead}`);
  }
  // Links are looked at above, here the text is, also where code makes a page.
  note(({ line }) => `${path}:${line}`, (page ? withoutCode(text) : text).replace(LINK, ']'));
}

for (const args of PRINTED) {
  let out = '';
  const take = (text: string): void => {
    out += text;
  };
  const { signal } = new AbortController();
  await runCli(args, { out: take, err: take, colors: false, errColors: false, columns: undefined, signal });
  count(
    'printed',
    note(() => `svm-sim ${args.join(' ')}`, out),
  );
}

for (const [what, least] of Object.entries(LEAST))
  if ((seen.get(what) ?? 0) < least) faults.push(`saw ${seen.get(what) ?? 0} of ${what}, at least ${least} were expected`);
for (const fault of faults) console.error(fault);
console.log(`citations: ${[...seen].map(([what, n]) => `${n} ${what}`).join(', ')}; ${faults.length} lead nowhere`);
process.exitCode = faults.length > 0 ? 1 : 0;
