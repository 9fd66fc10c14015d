/**
 * Plays every test file that holds properties, with many more runs and a seed of its own:
 * `npm run fuzz -- --runs 20000 --commands 1000000 --states 100000 --files 100000 --seed 7 [FILE...]`. The printed seed repeats a failing
 * run. `--commands` is how many the embedded TPM gets in streams, `--states` how many states with one field changed, `--files` how many
 * files of each kind with some bytes changed. `--hours 8` plays rounds of other seeds until the time is over or one fails.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './layers.ts';

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string' },
    commands: { type: 'string' },
    states: { type: 'string' },
    files: { type: 'string' },
    seed: { type: 'string' },
    hours: { type: 'string' },
  },
  allowPositionals: true,
});
/** A round of a long night is short, so that many seeds have their turn. */
const defaults = values.hours
  ? { runs: '1000', commands: '100000', states: '10000', files: '10000' }
  : { runs: '10000', commands: '1000000', states: '100000', files: '100000' };
const counts = { ...defaults, ...values };
const holdsProperties = (path: string): boolean => /from 'fast-check'|env\.FUZZ_/.test(readFileSync(join(ROOT, path), 'utf8'));
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

function round(seed: string): number {
  console.log(`${files.length} files, ${counts.runs} runs a property, --seed ${seed}`);
  const setup = join(ROOT, 'scripts/fuzz-setup.mjs');
  const { status } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/mocha/bin/mocha.js'), '--no-config', '--import=tsx', `--require=${setup}`, '--timeout=0', ...files],
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: {
        ...process.env,
        FUZZ_SEED: seed,
        FUZZ_RUNS: counts.runs,
        FUZZ_COMMANDS: counts.commands,
        FUZZ_STATES: counts.states,
        FUZZ_FILES: counts.files,
      },
    },
  );
  return status ?? 1;
}

const chance = (): string => String(Math.floor(Math.random() * 2 ** 31));
const until = Date.now() + Number(values.hours ?? 0) * 3_600_000;
do process.exitCode = round(values.seed ?? chance());
while (process.exitCode === 0 && values.seed === undefined && Date.now() < until);
