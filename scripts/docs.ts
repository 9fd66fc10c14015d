/** `npm run docs` writes the generated files; with `--check` it fails on a stale one. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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

if (generated.length < 10) faults.push(`saw ${generated.length} generated files, at least 10 were expected`);

for (const fault of faults) console.error(fault);
console.log(`docs: ${generated.length} generated files, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
