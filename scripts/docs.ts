/** `npm run docs` writes the generated files; with `--check` it fails on a stale one, and on links in the documents that lead nowhere. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { generated } from './generated.ts';
import { ROOT } from './layers.ts';

const check = process.argv.includes('--check');
const faults: string[] = [];

for (const { path, text } of generated) {
  const file = join(ROOT, path);
  const wanted = text();
  if (!check) writeFileSync(file, wanted);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) faults.push(`${path}: stale; run npm run docs`);
}

const documents = [
  ...readdirSync(ROOT).filter(name => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => posix.join('docs', name.replaceAll('\\', '/'))),
];
let links = 0;
for (const path of documents) {
  const text = readFileSync(join(ROOT, path), 'utf8').replace(/^```[\s\S]*?^```/gm, block => block.replace(/[^\n]/g, ''));
  for (const { 1: target = '', index } of text.matchAll(/\]\(([^()\s#]+)(?:#[^()\s]*)?\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    links++;
    const line = text.slice(0, index).split('\n').length;
    if (!existsSync(join(ROOT, dirname(path), target))) faults.push(`${path}:${line}: the link to ${target} leads nowhere`);
  }
}
if (documents.length < 3 || generated.length < 1) faults.push(`saw ${documents.length} documents and ${generated.length} generated files`);

for (const fault of faults) console.error(fault);
console.log(`docs: ${generated.length} generated files, ${documents.length} documents, ${links} links, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
