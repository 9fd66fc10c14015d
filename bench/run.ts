/** `npm run bench [-- --only TEXT] [--rounds N] [--quick]`: measures every `bench/*.bench.ts` in one run. Exit status 1: a bound is broken (never with --quick). */
import { readdirSync } from 'node:fs';
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Bench, measure, report } from './harness.ts';

// What is measured is what a user runs: the built code, not what the loader for TypeScript makes of the sources.
register('./built.mjs', import.meta.url);

const { values } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string', default: '15' }, quick: { type: 'boolean', default: false } },
});
const files = readdirSync(import.meta.dirname)
  .filter(name => name.endsWith('.bench.ts'))
  .sort();
const modules = await Promise.all(
  files.map(name => import(pathToFileURL(join(import.meta.dirname, name)).href) as Promise<{ benches?: readonly Bench[] }>),
);
for (const [i, { benches }] of modules.entries()) if (!benches?.length) throw new Error(`bench/${files[i]} exports no benches`);
const all = modules.flatMap(({ benches }) => benches ?? []);
const needed = new Set(all.filter(({ name }) => !values.only || name.includes(values.only)).map(({ name }) => name));
for (const { name, limit } of all) if (limit && needed.has(name)) needed.add(limit.of);
const chosen = all.filter(({ name, baseline }) => needed.has(name) || (needed.size > 0 && baseline));
if (chosen.length === 0) {
  console.error(all.length === 0 ? 'there is nothing to measure: bench/ holds no *.bench.ts' : `no bench's name holds "${values.only}"`);
  process.exit(2);
}
console.log(`Node ${process.version}, ${process.platform} ${process.arch}; medians, each against the baseline of the same run\n`);
const effort = values.quick ? { rounds: 3, roundMs: 20 } : { rounds: Number(values.rounds), roundMs: 100 };
const { table, broken } = report(await measure(chosen, effort));
console.log(table);
// A quick run shows that everything can be measured; it measures too little to judge by.
for (const line of broken) console.error(`\n${values.quick ? 'bound, not judged in a quick run' : 'bound broken'}: ${line}`);
process.exitCode = broken.length > 0 && !values.quick ? 1 : 0;
