/**
 * `npm run bench [-- --only TEXT] [--rounds N] [--quick]`: measures every `bench/*.bench.ts`. Each file has a process of its own, so that
 * what one of them keeps alive does not slow down another, and the baseline beside it. Exit status 1: a bound is broken (never with
 * --quick); 2: there is nothing to measure.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Bench, measure, report } from './harness.ts';

const BASELINE = 'rsa.bench.ts';
const NOTHING = 2;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    quick: { type: 'boolean', default: false },
    /** Of a process for one file: which. */
    file: { type: 'string' },
  },
});
process.exitCode = values.file === undefined ? measureAll() : await measureOne(values.file);

function measureAll(): number {
  const files = readdirSync(import.meta.dirname).filter(name => name.endsWith('.bench.ts') && name !== BASELINE);
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}; medians, each against the baseline of the same run`);
  const script = join(import.meta.dirname, 'run.ts');
  const statuses = files.sort().map(file => {
    const args = ['--import', 'tsx', script, ...process.argv.slice(2), '--file', file];
    return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
  });
  if (statuses.every(status => status === NOTHING)) {
    console.error(
      files.length === 0 ? 'there is nothing to measure: bench/ holds no *.bench.ts' : `no bench's name holds "${values.only}"`,
    );
    return NOTHING;
  }
  return statuses.find(status => status !== 0 && status !== NOTHING) ?? 0;
}

async function measureOne(file: string): Promise<number> {
  // What is measured is what a user runs: the built code, not what the loader for TypeScript makes of the sources.
  register('./built.mjs', import.meta.url);
  const own = await benchesOf(file);
  const wanted = own.filter(({ name }) => !values.only || name.includes(values.only));
  if (wanted.length === 0) return NOTHING;
  const all = [...own, ...(await benchesOf(BASELINE))];
  const needed = new Set(wanted.flatMap(({ name, limit }) => (limit ? [name, limit.of] : [name])));
  const chosen = all.filter(({ name, baseline }) => needed.has(name) || baseline);
  const effort = values.quick ? { rounds: 3, roundMs: 20 } : { rounds: Number(values.rounds), roundMs: 100 };
  const { table, broken } = report(await measure(chosen, effort));
  console.log(`\n${file}\n${table}`);
  // A quick run shows that everything can be measured; it measures too little to judge by.
  for (const line of broken) console.error(`${values.quick ? 'bound, not judged in a quick run' : 'bound broken'}: ${line}`);
  // Benches may have processes and sockets that would keep this one alive.
  process.exit(broken.length > 0 && !values.quick ? 1 : 0);
}

async function benchesOf(file: string): Promise<readonly Bench[]> {
  const { benches } = (await import(pathToFileURL(join(import.meta.dirname, file)).href)) as { benches?: readonly Bench[] };
  if (!benches?.length) throw new Error(`bench/${file} exports no benches`);
  return benches;
}
