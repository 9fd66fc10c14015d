/**
 * Plays every test file that holds properties, with many more runs and a seed of its own:
 * `npm run fuzz -- --runs 20000 --commands 1000000 --seed 7 [FILE...]`. The printed seed repeats a failing run. `--commands` is how
 * many the embedded TPM gets in streams (test/tpm/fuzz-streams.test.ts).
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ROOT } from './layers.ts';

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    commands: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
  },
  allowPositionals: true,
});
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));
const holdsProperties = (path: string): boolean =>
  readFileSync(join(ROOT, path), 'utf8').includes("from 'fast-check'") || path.endsWith('fuzz-streams.test.ts');
const files =
  positionals.length > 0
    ? positionals
    : readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
        .map(path => join('test', path))
        .filter(path => path.endsWith('.test.ts') && holdsProperties(path));
if (files.length === 0) {
  console.error('no test file holds properties');
  process.exit(1);
}
console.log(`${files.length} files, ${values.runs} runs a property, --seed ${seed}`);
const { status } = spawnSync(
  process.execPath,
  [
    join(ROOT, 'node_modules/mocha/bin/mocha.js'),
    ...['--no-config', '--import=tsx', `--import=${pathToFileURL(join(ROOT, 'scripts/fuzz-setup.ts')).href}`, '--timeout=0', ...files],
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, FUZZ_RUNS: values.runs, FUZZ_SEED: seed, FUZZ_COMMANDS: values.commands } },
);
process.exitCode = status ?? 1;
